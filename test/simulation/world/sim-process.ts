import type { Clock } from '../../../src/time/clock.ts';
import type { Random } from '../../../src/time/random.ts';
import type { Machine } from './machine.ts';
import type { Scheduler } from './scheduler.ts';

/** The true time at which every world begins. */
const WORLD_BEGINS_MS = Date.UTC(2026, 0, 1);

/** Every process starts its monotonic clock at another number. */
const MONOTONIC_ORIGIN_MS = 5_000;

/**
 * A process of the simulated world. To kill it, no port answers it again: its code waits forever, as if the process were
 * gone. To pause it, its ports answer later.
 */
export class SimProcess {
  readonly name: string;
  readonly machine: Machine;
  readonly random: Random;
  readonly clock: Clock;
  readonly startedMs: number;
  readonly #scheduler: Scheduler;
  #alive = true;
  #paused = false;
  #waiting: (() => void)[] = [];
  #onDeath: () => void = () => undefined;

  constructor(name: string, machine: Machine, random: Random, scheduler: Scheduler) {
    this.name = name;
    this.machine = machine;
    this.random = random;
    this.startedMs = scheduler.nowMs;
    this.#scheduler = scheduler;
    const startedCount = machine.countedMs(scheduler.nowMs);
    this.clock = {
      wallNow: () => WORLD_BEGINS_MS + Math.floor(machine.countedMs(scheduler.nowMs)) + machine.wallOffsetMs,
      monotonicNow: () => MONOTONIC_ORIGIN_MS + machine.countedMs(scheduler.nowMs) - startedCount,
      sleep: (durationMs, signal) => this.#sleep(durationMs, signal),
    };
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Delivers an answer or a timer to the process: later if it is paused, never if it is dead. */
  deliver(step: () => void): void {
    if (!this.#alive) return;
    if (this.#paused) this.#waiting.push(step);
    else step();
  }

  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#waiting = [];
    this.#onDeath();
  }

  onDeath(reported: () => void): void {
    this.#onDeath = reported;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    for (const step of this.#waiting.splice(0)) this.#scheduler.in(0, () => this.deliver(step));
  }

  #sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const abort = () => {
        scheduled.cancel();
        reject(signal.reason);
      };
      // No timer of Node's is shorter than a millisecond.
      const scheduled = this.#scheduler.in(this.machine.truly(Math.max(1, durationMs)), () =>
        this.deliver(() => {
          signal.removeEventListener('abort', abort);
          resolve();
        }),
      );
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
