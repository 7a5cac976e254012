import { jittered, type Random } from './random.ts';

/** Growing pauses between tries: 1, 2, 4 … seconds (or times another first pause) with jitter, up to a bound. */
export interface BackOff {
  readonly failures: number;
  /** Not to be tried before, on the monotonic clock. */
  readonly untilMs: number;
}

export const NO_BACK_OFF: BackOff = { failures: 0, untilMs: Number.NEGATIVE_INFINITY };

export interface Pauses {
  readonly firstMs: number;
  readonly longestMs: number;
}

const PAUSES: Pauses = { firstMs: 1_000, longestMs: 300_000 };
/** For an API server that does not answer: when it is back, even after an hour, that is to be noticed soon. */
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
