/** Does work at most `limit` at a time, in the order it was given. */
export class Limiter {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether work that is given now begins at once. */
  get hasRoom(): boolean {
    return this.#underWay < this.#limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.hasRoom) this.#underWay += 1;
    // Whoever ends leaves its place to the next, so that nobody who comes meanwhile can take it.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#underWay -= 1;
      else next();
    }
  }
}
