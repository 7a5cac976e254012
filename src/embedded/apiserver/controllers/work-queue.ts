import type { Clock } from '../../../time/clock.ts';

/**
 * A queue of distinct keys. They are processed together, a short delay after the first one was added: the delay
 * that a watch and a work queue cause in a real controller.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #signal: AbortSignal;
  readonly #work: (key: string) => void;
  #keys = new Set<string>();
  #running = false;

  constructor(clock: Clock, delayMs: number, signal: AbortSignal, work: (key: string) => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#signal = signal;
    this.#work = work;
  }

  add(key: string): void {
    this.#keys.add(key);
    if (this.#running || this.#signal.aborted) return;
    this.#running = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    while (this.#keys.size > 0) {
      try {
        await this.#clock.sleep(this.#delayMs, this.#signal);
      } catch (error) {
        if (this.#signal.aborted) return;
        throw error;
      }
      const keys = this.#keys;
      this.#keys = new Set();
      for (const key of keys) this.#work(key);
    }
    this.#running = false;
  }
}
