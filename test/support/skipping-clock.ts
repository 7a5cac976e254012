import type { Clock } from '../../src/time/clock.ts';

/** A clock on which every sleep ends at once; it records how long each would have been. */
export class SkippingClock implements Clock {
  readonly sleptMs: number[] = [];
  #monotonicMs = 1_000;

  wallNow(): number {
    return Date.UTC(2026, 0, 1) + this.#monotonicMs;
  }

  monotonicNow(): number {
    return this.#monotonicMs;
  }

  advance(durationMs: number): void {
    this.#monotonicMs += durationMs;
  }

  async sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.sleptMs.push(durationMs);
    this.advance(durationMs);
  }
}
