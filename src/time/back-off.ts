import { jittered, type Random } from './random.ts';

/** Pauses between tries that grow to a bound, with jitter: 1, 2, 4 … seconds, or multiples of another first pause. */
export interface BackOff {
  readonly failures: number;
  /** The next try comes after this time on the monotonic clock. */
  readonly untilMs: number;
}

export const NO_BACK_OFF: BackOff = { failures: 0, untilMs: Number.NEGATIVE_INFINITY };

export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

const PAUSES: Pauses = { firstMs: 1_000, longestMs: 300_000 };
/**
 * For an API server that does not answer: shorter pauses, because its return must be noticed soon even after an hour.
 */
export const SERVER_PAUSES: Pauses = { firstMs: 500, longestMs: 10_000 };

const JITTER = 0.2;

export function backOffAfter(
  previous: BackOff,
  nowMs: number,
  random: Random,
  { firstMs, longestMs }: Pauses = PAUSES,
): BackOff {
  const failures = previous.failures + 1;
  const pauseMs = Math.min(firstMs * 2 ** (failures - 1), longestMs);
  return { failures, untilMs: nowMs + jittered(pauseMs, JITTER, random) };
}
