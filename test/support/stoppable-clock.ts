import { systemClock } from '../../src/io/system-clock.ts';
import type { Clock } from '../../src/time/clock.ts';

/** The system's clock, which can be stopped: then no sleep on it ends. */
export class StoppableClock implements Clock {
  #offsetMs = 0;
  #stoppedAtMs: number | undefined;
  #going: Promise<void> = Promise.resolve();
  #go: () => void = () => undefined;

  wallNow(): number {
    return systemClock.wallNow();
  }

  monotonicNow(): number {
    return (this.#stoppedAtMs ?? performance.now()) - this.#offsetMs;
  }

  async sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    await systemClock.sleep(durationMs, signal);
    await this.#going;
    signal.throwIfAborted();
  }

  stop(): void {
    this.#stoppedAtMs = performance.now();
    this.#going = new Promise((resolve) => {
      this.#go = resolve;
    });
  }

  start(): void {
    this.#offsetMs += performance.now() - (this.#stoppedAtMs ?? performance.now());
    this.#stoppedAtMs = undefined;
    this.#go();
  }
}
