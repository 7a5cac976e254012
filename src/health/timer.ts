import type { Clock } from '../time/clock.ts';

/** Nothing is so urgent that it could not wait for what comes this much later. */
export const TICK_MS = 5;

const LONGEST_SLEEP_MS = 3_600_000;

const WOKEN = new Error('woken');

/** One sleep for everything that there is to do: until the earliest of it, or until something comes up before. */
export class Timer {
  readonly #clock: Clock;
  #wake = new AbortController();
  #ringsAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sleeps until then, or until it is woken. At least {@link TICK_MS}, so that what comes close together is done together. */
  async sleepUntil(atMs: number): Promise<void> {
    const nowMs = this.#clock.monotonicNow();
    // Whole milliseconds: timers cut off the rest and would wake too early.
    const sleepMs = Math.min(Math.max(Math.ceil(atMs - nowMs), TICK_MS), LONGEST_SLEEP_MS);
    this.#ringsAtMs = nowMs + sleepMs;
    try {
      await this.#clock.sleep(sleepMs, this.#wake.signal);
    } catch (error) {
      if (error !== WOKEN) throw error;
      this.#wake = new AbortController();
    }
  }

  /** There is something to do at that time: ends a sleep that would end later. */
  expect(atMs: number): void {
    if (this.#ringsAtMs > atMs + TICK_MS) this.wake();
  }

  wake(): void {
    this.#wake.abort(WOKEN);
  }
}
