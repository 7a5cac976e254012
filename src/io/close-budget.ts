/** Half of the ephemeral ports that Linux gives by default, and an eighth of a small node's tracking table. */
const PER_MINUTE = 16_384;

/**
 * How many connections may still be closed in good order.
 *
 * Whoever closes first keeps the pair of ports for a minute (TIME_WAIT), and the connection tracking of
 * its node keeps an entry for two; a node that runs full of those drops everybody's packets. So there is
 * a budget, and beyond it connections end with a reset, which leaves nothing behind.
 */
export class CloseBudget {
  readonly #perMinute: number;
  #left: number;
  #atMs = 0;

  constructor(perMinute = PER_MINUTE) {
    this.#perMinute = perMinute;
    this.#left = perMinute;
  }

  /** Takes one from the budget; false when there is none. `nowMs` is monotonic. */
  take(nowMs: number): boolean {
    const refill = ((nowMs - this.#atMs) / 60_000) * this.#perMinute;
    this.#left = Math.min(this.#perMinute, this.#left + refill);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
