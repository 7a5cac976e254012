import { onAbort } from '../time/on-abort.ts';

interface Waiter {
  readonly start: () => void;
}

/**
 * How much may be under way at once, by what the other side can take: half as much when it says that it is too
 * much, one more when as much as is allowed went well (Chiu and Jain, additive increase, multiplicative decrease).
 */
export class AdaptiveLimit {
  readonly #max: number;
  #allowed: number;
  #underWay = 0;
  readonly #waiting = new Set<Waiter>();
  #begun = 0;
  /** Refusals of what began before the last decrease are of the same overload, and count no more. */
  #decreasedAt = 0;

  /** @param max what may be under way when all goes well, and at the start. */
  constructor(max: number) {
    this.#max = max;
    this.#allowed = max;
  }

  /** At least 1. */
  get current(): number {
    return Math.floor(this.#allowed);
  }

  /** Does the work when it may begin, first come first served. Rejects with `signal.reason` while it waits. */
  async run<T>(
    work: () => Promise<T>,
    judge: (result: T) => 'wentWell' | 'tooMuch' | 'saysNothing',
    signal: AbortSignal,
  ): Promise<T> {
    await this.#turn(signal);
    this.#begun += 1;
    const number = this.#begun;
    try {
      const result = await work();
      this.#learn(judge(result), number);
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
