import type { Clock } from '../time/clock.ts';

/** More than slewing changes between two looks, less than what makes a certificate expire. */
const JUMP_MS = 60_000;

/** A clock that was set wrong is usually corrected within this time. */
const DISTRUST_MS = 3_600_000;

/**
 * Tells whether the wall clock can be trusted. Certificates are valid in wall-clock time. But a clock that has just
 * jumped by hours must not make ten thousand of them expire. A jump is a change in the difference between the two
 * clocks, so the end of a suspension counts as one too.
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
