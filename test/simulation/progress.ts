const TOLD_EVERY_MS = 10_000;

/** How far a long run has come: a line at most every ten seconds. */
export class Progress {
  readonly #seeds: number;
  readonly #startedMs: number;
  readonly #report: (line: string) => void;
  #toldMs: number;

  constructor(seeds: number, startedMs: number, tell: (line: string) => void) {
    this.#seeds = seeds;
    this.#startedMs = startedMs;
    this.#toldMs = startedMs;
    this.#report = tell;
  }

  note(done: number, failed: number, nowMs: number): void {
    if (nowMs < this.#toldMs + TOLD_EVERY_MS) return;
    this.#toldMs = nowMs;
    const aSecond = done / ((nowMs - this.#startedMs) / 1000);
    const minutes = Math.ceil((this.#seeds - done) / aSecond / 60);
    this.#report(
      `${done} of ${this.#seeds} seeds, ${aSecond.toFixed(1)} a second, ${failed} failed, ${minutes} min to go`,
    );
  }
}
