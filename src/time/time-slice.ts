import type { Clock } from './clock.ts';

/** Work that takes longer than this keeps probes, DNS answers and the renewal of the lease waiting. */
const TIRED_AFTER_MS = 25;

/** Divides long work, so that everything else has its turn in between. */
export class Pace {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #restedAtMs: number;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#restedAtMs = clock.monotonicNow();
  }

  isTired(): boolean {
    return this.#clock.monotonicNow() - this.#restedAtMs >= TIRED_AFTER_MS;
  }

  /** A turn of the loop. Rejects with the signal's reason. */
  async rest(): Promise<void> {
    await this.#clock.sleep(0, this.#signal);
    this.#restedAtMs = this.#clock.monotonicNow();
  }
}
