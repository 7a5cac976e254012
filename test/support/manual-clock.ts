import type { Clock } from '../../src/time/clock.ts';

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. Sleepers wake in the order of their times. */
export class ManualClock implements Clock {
  #monotonicMs = 1_000;
  #wallOffsetMs = Date.UTC(2026, 0, 1);
  #sleepers: Sleeper[] = [];

  wallNow(): number {
    return this.#wallOffsetMs + this.#monotonicMs;
  }

  monotonicNow(): number {
    return this.#monotonicMs;
  }

  /** How many sleeps are under way: a test that ends with some leaks. */
  get sleeping(): number {
    return this.#sleepers.length;
  }

  sleep(durationMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const leave = () => {
        this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
        signal.removeEventListener('abort', abort);
      };
      const abort = () => {
        leave();
        reject(signal.reason);
      };
      const sleeper = {
        atMs: this.#monotonicMs + durationMs,
        wake: () => {
          leave();
          resolve();
        },
      };
      this.#sleepers.push(sleeper);
      signal.addEventListener('abort', abort);
    });
  }

  /** Moves time forward, and runs each timer at its own time. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.#monotonicMs + durationMs;
    await settle();
    for (let next = this.#earliest(); next !== undefined && next.atMs <= untilMs; next = this.#earliest()) {
      this.#monotonicMs = Math.max(this.#monotonicMs, next.atMs);
      next.wake();
      await settle();
    }
    this.#monotonicMs = untilMs;
  }

  /** Time that a computation takes: nobody wakes meanwhile. */
  spend(durationMs: number): void {
    this.#monotonicMs += durationMs;
  }

  /** Moves time on in one leap, as a process that was suspended or starved sees it. */
  async leap(durationMs: number): Promise<void> {
    await settle();
    this.#monotonicMs += durationMs;
    await this.advance(0);
  }

  /** Moves time on from sleeper to sleeper until `promise` has settled; fails when nobody sleeps any more. */
  async advanceUntil<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    await settle();
    while (!settled) {
      const next = this.#earliest();
      if (next === undefined) throw new Error('nobody sleeps, and the promise is not settled');
      await this.advance(Math.max(0, next.atMs - this.#monotonicMs));
    }
    return promise;
  }

  /** What an administrator or NTP does. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  #earliest(): Sleeper | undefined {
    return this.#sleepers.reduce<Sleeper | undefined>(
      (earliest, each) => (earliest === undefined || each.atMs < earliest.atMs ? each : earliest),
      undefined,
    );
  }
}

/** Lets every promise that can go on do so: setImmediate comes after all of them. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
