import type { ApiFailure } from '../cluster/object-store.ts';
import type { Clock } from '../time/clock.ts';
import { deadlineAfter } from '../time/deadline.ts';

/** The time that `--timeout` gives one pass, from reading its list to saving its state. Runs from the beginning. */
export class PassTime {
  readonly timeoutMs: number;
  readonly #clock: Clock;
  readonly #startedMs: number;

  constructor(timeoutMs: number, clock: Clock) {
    this.timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#startedMs = clock.monotonicNow();
  }

  get leftMs(): number {
    return Math.max(0, this.timeoutMs - (this.#clock.monotonicNow() - this.#startedMs));
  }

  /** Does `work` under a signal that aborts with `signal` or when the time is over, which is a failure like others. */
  async bound<T>(
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | { readonly ok: false; readonly failure: ApiFailure }> {
    const deadline = deadlineAfter(this.leftMs, this.#clock, new PassTimeout(this.timeoutMs), signal);
    try {
      return await work(deadline.signal);
    } catch (error) {
      if (!(error instanceof PassTimeout)) throw error;
      const { message } = error;
      return { ok: false, failure: { reason: 'Timeout', httpStatus: 0, message, outcomeUnknown: true } };
    } finally {
      await deadline.end();
    }
  }
}

class PassTimeout extends Error {
  constructor(timeoutMs: number) {
    super(`the pass did not end within ${timeoutMs / 1000} s (--timeout)`);
  }
}
