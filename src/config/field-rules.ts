import type * as z from 'zod';
import { addProblem } from './field.ts';
import type { Path } from './problem.ts';

/** A problem that a rule about several fields of one target found. */
export interface ReportedProblem {
  readonly message: string;
  readonly expected: string;
  readonly hint?: string;
  /** The location of the problem is the key, because the field must not be there. */
  readonly atKey?: true;
}

/** Reports a problem. `path` is relative to the target; the value may come from `defaults`. */
export type Report = (path: Path, problem: ReportedProblem) => void;

/** The index of the first use of `key`. For a new key it records `at` and returns undefined. */
export function firstUse(uses: Map<string, number>, key: string, at: number): number | undefined {
  const first = uses.get(key);
  if (first === undefined) uses.set(key, at);
  return first;
}

/** A rule for a list: keys of items are unique. `keyOf` returns undefined for an item without a key. */
export function uniqueBy<T>(keyOf: (item: T) => string | undefined) {
  return (items: readonly T[], context: z.core.$RefinementCtx): void => {
    const uses = new Map<string, number>();
    items.forEach((item, at) => {
      const key = keyOf(item);
      const first = key === undefined ? undefined : firstUse(uses, key, at);
      if (first === undefined) return;
      addProblem(
        context,
        { message: `${key} is already item ${first} of this list`, expected: 'unique items' },
        [at],
      );
    });
  };
}

/** Pairs of fields of one section that cannot be combined. */
export type ExclusiveFields<T> = readonly (readonly [keyof T & string, keyof T & string])[];

/** Reports a section that writes both fields of a pair. */
export function reportExclusive<T>(
  written: T,
  exclusive: ExclusiveFields<T>,
  context: z.core.$RefinementCtx,
): void {
  for (const [one, other] of exclusive) {
    if (written[one] === undefined || written[other] === undefined) continue;
    addProblem(context, { message: `${one} and ${other} cannot be combined` }, [other]);
  }
}

/** `merged` without the fields of `defaults` that cannot be combined with a field that the target writes (`own`). */
export function withoutExcluded<T extends object>(
  merged: T | undefined,
  own: T | undefined,
  exclusive: ExclusiveFields<T>,
): T | undefined {
  if (merged === undefined || own === undefined) return merged;
  const kept = { ...merged };
  for (const [one, other] of exclusive) {
    if (own[one] === undefined && own[other] !== undefined) delete kept[one];
    if (own[other] === undefined && own[one] !== undefined) delete kept[other];
  }
  return kept;
}
