import type { DnsSettings } from '../model/target.ts';
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

/** No answer is asked for again sooner, whatever its TTL and `minTTL` are: the least that `minTTL` may be. */
const MIN_FRESH_MS = 100;

/** A question that comes to nothing is put again after `minTTL`, then after twice that, up to this (RFC 9520 §3.2). */
const MAX_RETRY_MS = 30_000;

/** Until when the answer is not asked for again; monotonic ms. */
export function freshUntilMs(
  remembered: RememberedLookup,
  settings: Pick<DnsSettings, 'minTtlMs' | 'maxTtlMs'>,
): number {
  const minMs = Math.max(MIN_FRESH_MS, settings.minTtlMs);
  const { lookup, atMs, failuresInARow } = remembered;
  if (lookup.kind === 'unresolved') {
    const retryMs = minMs * 2 ** Math.min(failuresInARow - 1, 20);
    return atMs + Math.min(retryMs, Math.max(minMs, MAX_RETRY_MS));
  }
  return atMs + Math.max(minMs, Math.min(lookup.ttlSeconds * 1000, settings.maxTtlMs));
}
