import type { Clock } from './clock.ts';

/** Sleeps that end early when somebody calls. A call that finds nobody asleep ends the next sleep at once. */
export class Signal {
  readonly #clock: Clock;
  #notified = false;
  #sleeper = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  notify(): void {
    if (this.#notified) return;
    this.#notified = true;
    this.#sleeper.abort(NOTIFIED);
  }

  /** Whether somebody called; false when the time was over. Rejects with `signal.reason`. */
  async sleep(durationMs: number, signal: AbortSignal): Promise<boolean> {
    this.#sleeper = new AbortController();
    try {
      if (!this.#notified) {
        await this.#clock.sleep(durationMs, AbortSignal.any([this.#sleeper.signal, signal]));
      }
    } catch (error) {
      if (error !== NOTIFIED) throw error;
    }
    const wasCalled = this.#notified;
    this.#notified = false;
    return wasCalled;
  }

  /** As {@link sleep}, to a moment on the monotonic clock. */
  sleepUntil(untilMs: number, signal: AbortSignal): Promise<boolean> {
    return this.sleep(untilMs - this.#clock.monotonicNow(), signal);
  }
}

const NOTIFIED = new Error('somebody called');
