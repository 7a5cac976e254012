/** A machine: its processes share a clock, which may be wrong, and connectivity, which may be cut. */
export class Machine {
  readonly name: string;
  /** The sum of the jumps of its wall clock. */
  wallOffsetMs = 0;
  /** What it cannot reach now. */
  readonly cutOffFrom = new Set<'hosts' | 'dns' | 'api'>();
  /** Since when it reaches no host. */
  noConnectivitySinceMs: number | undefined;
  /** The speed of its clock: 1.01 is one percent too fast. */
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

  /** The time that its clock has counted since the world began. */
  countedMs(nowMs: number): number {
    return this.#countedBefore + (nowMs - this.#rateSinceMs) * this.#rate;
  }

  /** The true time until its clock has counted so much. */
  truly(countedMs: number): number {
    return countedMs / this.#rate;
  }
}
