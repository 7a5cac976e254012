import type { Log } from '../model/log.ts';
import type { Clock } from '../time/clock.ts';

/** Tells when an API server that did not answer does so again: until then each who asks it tells of the trouble. */
export class Reachability {
  readonly #log: Log;
  readonly #clock: Clock;
  #awaySinceMs: number | undefined;

  constructor(log: Log, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** @param httpStatus of an answer; 0 when none came. */
  note(httpStatus: number): void {
    const nowMs = this.#clock.monotonicNow();
    if (httpStatus === 0) {
      this.#awaySinceMs ??= nowMs;
      return;
    }
    if (this.#awaySinceMs === undefined) return;
    const seconds = Math.round((nowMs - this.#awaySinceMs) / 1_000);
    this.#awaySinceMs = undefined;
    this.#log.info('Reachable', `the API server answers again, after ${seconds} s`, { seconds });
  }
}
