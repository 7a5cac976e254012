/** So many at once, and then one in so much time. Times are monotonic. */
export class TokenBucket {
  readonly #burst: number;
  readonly #refillEveryMs: number;
  #tokens: number;
  /** Up to when what has come in was counted. */
  #countedMs = Number.NEGATIVE_INFINITY;

  constructor(burst: number, refillEveryMs: number) {
    this.#burst = burst;
    this.#refillEveryMs = refillEveryMs;
    this.#tokens = burst;
  }

  /** When the next token can be taken: now, or later. */
  nextMs(nowMs: number): number {
    const refill = Math.floor((nowMs - this.#countedMs) / this.#refillEveryMs);
    if (this.#tokens + refill >= this.#burst) {
      this.#tokens = this.#burst;
      this.#countedMs = nowMs;
    } else {
      this.#tokens += refill;
      this.#countedMs += refill * this.#refillEveryMs;
    }
    return this.#tokens > 0 ? nowMs : this.#countedMs + this.#refillEveryMs;
  }

  /** To be called when `nextMs` said now. */
  take(): void {
    this.#tokens -= 1;
  }
}
