import type { DnsSettings } from '../model/target.ts';
import type { AnswerRecord } from './message.ts';
import type { UnresolvedReason } from './resolution.ts';

/** The result of a query for one type of one name, at the end of its CNAME chain. */
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

/** A lookup, its time, and how many lookups of this question in a row have failed, including this one. */
export interface RememberedLookup {
  readonly lookup: Lookup;
  readonly atMs: number;
  readonly failuresInARow: number;
}

/** The least value of `minTTL`: no question is asked again sooner, whatever the TTL. */
const MIN_FRESH_MS = 100;

/** A failed question is asked again after `minTTL`, then after twice that time, up to this limit (RFC 9520 §3.2). */
const MAX_RETRY_MS = 30_000;

/** Until when the answer is used without a new query; monotonic ms. */
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
