import { jittered, type Random } from '../target/random.ts';

/** Growing pauses between tries: 1, 2, 4 … seconds with jitter, up to a bound. */
export interface BackOff {
  readonly failures: number;
  /** Not to be tried before, on the monotonic clock. */
  readonly untilMs: number;
}

export const NO_BACK_OFF: BackOff = { failures: 0, untilMs: Number.NEGATIVE_INFINITY };

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 300_000;
const JITTER = 0.2;

export function backOffAfter(previous: BackOff, nowMs: number, random: Random): BackOff {
  const failures = previous.failures + 1;
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
  return { failures, untilMs: nowMs + jittered(pauseMs, JITTER, random) };
}
