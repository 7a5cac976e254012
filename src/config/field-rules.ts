import type * as z from 'zod';
import { addProblem } from './field.ts';
import type { Path } from './problem.ts';

/** A rule that sees several fields of one target together has found something. */
export interface ReportedProblem {
  readonly message: string;
  readonly expected: string;
  readonly hint?: string;
  /** The field should not be there at all, so that its key is what is shown. */
  readonly atKey?: true;
}

/** `path` is relative to the target; the place is found there or in `defaults`, wherever the value is from. */
export type Report = (path: Path, problem: ReportedProblem) => void;

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

/** Pairs of fields of one section that say the same thing in two ways. */
export type Rivals<T> = readonly (readonly [keyof T & string, keyof T & string])[];

/** Reports where one section writes both of a pair. */
export function reportRivals<T>(written: T, rivals: Rivals<T>, context: z.core.$RefinementCtx): void {
  for (const [one, other] of rivals) {
    if (written[one] === undefined || written[other] === undefined) continue;
    addProblem(context, { message: `${one} and ${other} exclude each other` }, [other]);
  }
}

/** `merged`, where what a target writes itself (`own`) drives out the rival that came from `defaults`. */
export function withoutRivals<T extends object>(
  merged: T | undefined,
  own: T | undefined,
  rivals: Rivals<T>,
): T | undefined {
  if (merged === undefined || own === undefined) return merged;
  const kept = { ...merged };
  for (const [one, other] of rivals) {
    if (own[one] === undefined && own[other] !== undefined) delete kept[one];
    if (own[other] === undefined && own[one] !== undefined) delete kept[other];
  }
  return kept;
}
