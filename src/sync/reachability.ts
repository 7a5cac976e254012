import type { Log } from '../model/log.ts';
import type { Clock } from '../time/clock.ts';

/** Logs when the API server answers again. While it does not, each request that fails is logged by its caller. */
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
