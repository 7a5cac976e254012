import type { DnsSettings } from '../target/target.ts';
import type { Lookup } from './chain.ts';

/** An answer, or the lack of one, and when it came. */
export interface RememberedLookup {
  readonly lookup: Lookup;
  readonly atMs: number;
  /** How many times in a row, this one included, the question came to nothing. */
  readonly failuresInARow: number;
}

/** No answer is asked for again sooner, whatever its TTL and `minTTL` are: the least that `minTTL` may be. */
const MIN_FRESH_MS = 100;

/** A question that comes to nothing is put again after `minTTL`, then after twice that, up to this (RFC 9520 §3.2). */
const MAX_RETRY_MS = 30_000;

/** Answers by question, bounded: the one that was learnt first goes first. */
export class AnswerCache {
  readonly #answers = new Map<string, RememberedLookup>();
  readonly #maxEntries: number;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get(key: string): RememberedLookup | undefined {
    return this.#answers.get(key);
  }

  remember(key: string, lookup: Lookup, nowMs: number): RememberedLookup {
    const failuresInARow =
      lookup.kind === 'unresolved' ? (this.#answers.get(key)?.failuresInARow ?? 0) + 1 : 0;
    const remembered: RememberedLookup = { lookup, atMs: nowMs, failuresInARow };
    this.#answers.delete(key);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size >= this.#maxEntries && oldest !== undefined) this.#answers.delete(oldest);
    this.#answers.set(key, remembered);
    return remembered;
  }
}

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
