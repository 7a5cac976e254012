import type { Clock } from './clock.ts';

/** Longer work would delay probes, DNS answers and the renewal of the lease. */
const SLICE_MS = 25;

/** Divides long work, so that the rest of the process runs in between. */
export class TimeSlice {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #startedAtMs: number;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#startedAtMs = clock.monotonicNow();
  }

  isSpent(): boolean {
    return this.#clock.monotonicNow() - this.#startedAtMs >= SLICE_MS;
  }

  /** Lets the event loop run once. Rejects with the signal's reason. */
  async yieldToEventLoop(): Promise<void> {
    await this.#clock.sleep(0, this.#signal);
    this.#startedAtMs = this.#clock.monotonicNow();
  }
}
