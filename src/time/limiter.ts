/** Runs at most `limit` pieces of work at a time, in the order they came. */
export class Limiter {
  readonly #limit: number;
  readonly #waiting: (() => void)[] = [];
  #underWay = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether new work starts at once. */
  get hasRoom(): boolean {
    return this.#underWay < this.#limit;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.hasRoom) this.#underWay += 1;
    // Finished work passes its slot directly to the next, so that newer work cannot take it.
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
