import type * as z from 'zod';
import { addProblem } from './field.ts';

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
