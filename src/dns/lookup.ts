import type { AnswerRecord } from './message.ts';
import type { UnresolvedReason } from './resolution.ts';

/** What asking for one type of one name came to, CNAME chain followed to its end. */
export type Lookup =
  | {
      readonly kind: 'records';
      readonly records: readonly AnswerRecord[];
      /** The additional section of the reply that held the records. */
      readonly additionals: readonly AnswerRecord[];
      readonly ttlSeconds: number;
    }
  | { readonly kind: 'noData' | 'nameNotFound'; readonly ttlSeconds: number; readonly message: string }
  | { readonly kind: 'unresolved'; readonly reason: UnresolvedReason; readonly message: string };

/** A lookup, when it came, and how many times in a row, this one included, the question came to nothing. */
export interface RememberedLookup {
  readonly lookup: Lookup;
  readonly atMs: number;
  readonly failuresInARow: number;
}
