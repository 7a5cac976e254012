/** A machine: processes on it share a clock, which may be wrong, and a cable, which may be pulled. */
export class Machine {
  readonly name: string;
  /** What its wall clock was set to show more than it counted. */
  wallOffsetMs = 0;
  /** What it cannot reach at the moment. */
  readonly cutOffFrom = new Set<'hosts' | 'dns' | 'api'>();
  /** Since when it reaches no host. */
  noConnectivitySinceMs: number | undefined;
  /** How long it takes a second to be a second: 1.01 counts a hundredth too much. */
  #rate = 1;
  #rateSinceMs = 0;
  #countedBefore = 0;

  constructor(name: string) {
    this.name = name;
  }

  get rate(): number {
    return this.#rate;
  }

  setRate(rate: number, nowMs: number): void {
    this.#countedBefore = this.countedMs(nowMs);
    this.#rateSinceMs = nowMs;
    this.#rate = rate;
  }

  /** What it has counted of the true time since the world began. */
  countedMs(nowMs: number): number {
    return this.#countedBefore + (nowMs - this.#rateSinceMs) * this.#rate;
  }

  /** How long it really takes until it has counted so much. */
  truly(countedMs: number): number {
    return countedMs / this.#rate;
  }
}
