import type { Flight } from './flights.ts';
import type { Check, Health } from './health.ts';
import { notCheckedYet } from './hysteresis.ts';

/** What is known of a check that begins, and whether it may wait for its turn in the interval. */
export interface Beginning {
  readonly health: Health;
  /** False: probe at once. True: some time within the interval, so that a restart is no burst. */
  readonly spread: boolean;
}

/** What a monitor knows of one check. */
export interface Entry {
  readonly check: Check;
  readonly address: Check['address'];
  health: Health;
  /** Of the newest sample that agreed with the verdict (the health itself stays the same then); NaN before there is one. */
  latencyMs: number;
  /** When it is to be probed next, or was to be if that is going on. */
  dueMs: number;
  /** Under which time it is queued: the same, but rounded. */
  queuedAtMs: number;
  /** When the probe began that is going on, or the last one. */
  startedMs: number;
  /** The last probe used up its time-out. */
  slow: boolean;
  /** It has its own place in the interval, away from those that began with it. */
  spread: boolean;
  /** False once it was removed: a probe may still be in flight. */
  wanted: boolean;
  flight: Flight | undefined;
}

export function newRecord(check: Check, nowMs: number, beginning: Beginning | undefined): Entry {
  const { health, spread } = beginning ?? { health: notCheckedYet(nowMs), spread: false };
  return {
    check,
    address: check.address,
    health,
    latencyMs: health.latencyMs ?? Number.NaN,
    dueMs: nowMs,
    queuedAtMs: nowMs,
    startedMs: nowMs,
    slow: false,
    spread,
    wanted: true,
    flight: undefined,
  };
}
