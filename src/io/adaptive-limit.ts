import { onAbort } from '../time/on-abort.ts';

interface Waiter {
  readonly start: () => void;
}

/**
 * Limits the work in flight to what the server can take: half after an overload, one more after as much work as
 * allowed went well (Chiu and Jain, additive increase, multiplicative decrease).
 */
export class AdaptiveLimit {
  readonly #max: number;
  #allowed: number;
  #underWay = 0;
  readonly #waiting = new Set<Waiter>();
  #begun = 0;
  /** Overload answers to work from before the last decrease belong to the same overload, and do not count. */
  #decreasedAt = 0;

  /** @param max the limit at the start and while all goes well. */
  constructor(max: number) {
    this.#max = max;
    this.#allowed = max;
  }

  /** At least 1. */
  get current(): number {
    return Math.floor(this.#allowed);
  }

  /** Does the work when it may start, first come first served. Rejects with `signal.reason` while it waits. */
  async run<T>(
    work: () => Promise<T>,
    loadOf: (result: T) => 'wentWell' | 'tooMuch' | 'saysNothing',
    signal: AbortSignal,
  ): Promise<T> {
    await this.#turn(signal);
    this.#begun += 1;
    const number = this.#begun;
    try {
      const result = await work();
      this.#learn(loadOf(result), number);
      return result;
    } finally {
      this.#underWay -= 1;
      this.#startWaiting();
    }
  }

  #learn(verdict: 'wentWell' | 'tooMuch' | 'saysNothing', number: number): void {
    if (verdict === 'wentWell') this.#allowed = Math.min(this.#max, this.#allowed + 1 / this.#allowed);
    if (verdict !== 'tooMuch' || number <= this.#decreasedAt) return;
    this.#allowed = Math.max(1, this.#allowed / 2);
    this.#decreasedAt = this.#begun;
  }

  #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#underWay < this.current) {
      this.#underWay += 1;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const leave = onAbort(signal, () => {
        this.#waiting.delete(waiter);
        reject(signal.reason);
      });
      const waiter = {
        start: () => {
          leave();
          resolve();
        },
      };
      this.#waiting.add(waiter);
    });
  }

  #startWaiting(): void {
    for (const waiter of this.#waiting) {
      if (this.#underWay >= this.current) return;
      this.#waiting.delete(waiter);
      this.#underWay += 1;
      waiter.start();
    }
  }
}
