import type { Clock } from './clock.ts';

/** Work that takes longer than this keeps probes, DNS answers and the renewal of the lease waiting. */
const SLICE_MS = 25;

/** Divides long work, so that everything else has its turn in between. */
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

  /** A turn of the loop. Rejects with the signal's reason. */
  async yieldToEventLoop(): Promise<void> {
    await this.#clock.sleep(0, this.#signal);
    this.#startedAtMs = this.#clock.monotonicNow();
  }
}
