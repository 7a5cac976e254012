import type { Clock } from '../time/clock.ts';

/** More than what slewing does between two looks, less than what could make a certificate expire. */
const JUMP_MS = 60_000;

/** A clock that was set wrong is mostly set right again within this time. */
const DISTRUST_MS = 3_600_000;

/**
 * Tells whether the wall clock may be believed. Certificates are valid in wall-clock time, there is no way
 * around it; but a clock that has just leapt by hours must not make ten thousand of them expire. A leap is
 * a change of the difference between the two clocks, so waking from a suspension counts as one too.
 */
export class WallClockWatch {
  readonly #clock: Clock;
  #offsetMs: number;
  #leaptAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.wallNow() - clock.monotonicNow();
  }

  isTrusted(): boolean {
    const nowMs = this.#clock.monotonicNow();
    const offsetMs = this.#clock.wallNow() - nowMs;
    if (Math.abs(offsetMs - this.#offsetMs) > JUMP_MS) this.#leaptAtMs = nowMs;
    this.#offsetMs = offsetMs;
    return nowMs - this.#leaptAtMs >= DISTRUST_MS;
  }
}
