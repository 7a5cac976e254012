import type * as z from 'zod';
import { addProblem } from './field.ts';

/** Where `key` was used before; otherwise undefined, and notes that it is used at `at`. */
export function firstUse(uses: Map<string, number>, key: string, at: number): number | undefined {
  const first = uses.get(key);
  if (first === undefined) uses.set(key, at);
  return first;
}

/** A rule for a list: no two items have the same key. `keyOf` returns undefined for items that have none. */
export function unrepeated<T>(keyOf: (item: T) => string | undefined) {
  return (items: readonly T[], context: z.core.$RefinementCtx): void => {
    const uses = new Map<string, number>();
    items.forEach((item, at) => {
      const key = keyOf(item);
      const first = key === undefined ? undefined : firstUse(uses, key, at);
      if (first === undefined) return;
      addProblem(
        context,
        { message: `${key} is already item ${first} of this list`, expected: 'each once' },
        [at],
      );
    });
  };
}
