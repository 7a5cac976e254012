/** A rate limit: `burst` at once, and then `perMinute`. Times are monotonic. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perMinute: number;
  #tokens: number;
  #countedMs = 0;

  constructor(burst: number, perMinute: number) {
    this.#burst = burst;
    this.#perMinute = perMinute;
    this.#tokens = burst;
  }

  /** When a token is there: now, or later; Infinity for a bucket that is never refilled. */
  nextMs(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens >= ONE ? nowMs : nowMs + ((1 - this.#tokens) / this.#perMinute) * 60_000;
  }

  /** Takes a token; false if there is none. */
  take(nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens < ONE) return false;
    this.#tokens -= 1;
    return true;
  }

  #refill(nowMs: number): void {
    const refill = ((nowMs - this.#countedMs) / 60_000) * this.#perMinute;
    this.#tokens = Math.min(this.#burst, this.#tokens + refill);
    this.#countedMs = nowMs;
  }
}

/** A token is also there if only the rounding of fractions is missing. */
const ONE = 1 - 1e-6;
