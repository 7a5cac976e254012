import type { Clock } from './clock.ts';

/** Sleeps that end early when somebody calls. A call that finds nobody asleep ends the next sleep at once. */
export class WakeUp {
  readonly #clock: Clock;
  #called = false;
  #sleeper = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  call(): void {
    if (this.#called) return;
    this.#called = true;
    this.#sleeper.abort(CALLED);
  }

  /** Whether somebody called; false when the time was over. Rejects with `signal.reason`. */
  async sleep(durationMs: number, signal: AbortSignal): Promise<boolean> {
    this.#sleeper = new AbortController();
    try {
      if (!this.#called) {
        await this.#clock.sleep(durationMs, AbortSignal.any([this.#sleeper.signal, signal]));
      }
    } catch (error) {
      if (error !== CALLED) throw error;
    }
    const wasCalled = this.#called;
    this.#called = false;
    return wasCalled;
  }

  /** As {@link sleep}, to a moment on the monotonic clock. */
  sleepUntil(untilMs: number, signal: AbortSignal): Promise<boolean> {
    return this.sleep(untilMs - this.#clock.monotonicNow(), signal);
  }
}

const CALLED = new Error('somebody called');
