const MOST = { requests: 64, queries: 256, sockets: 512 } as const;

type Counted = keyof typeof MOST;

/** How much of everything one process has open, and whether that is too much. */
export class Bounds {
  readonly #open: Record<Counted, number> = { requests: 0, queries: 0, sockets: 0 };
  readonly #onBreach: (message: string) => void;

  constructor(onBreach: (message: string) => void) {
    this.#onBreach = onBreach;
  }

  count(what: Counted, change: 1 | -1): void {
    this.#open[what] += change;
    if (this.#open[what] > MOST[what])
      this.#onBreach(`${this.#open[what]} ${what} in flight, at most ${MOST[what]}`);
  }

  /** What is still open; of a process that has ended that is a leak. */
  open(): string[] {
    return Object.entries(this.#open).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
  }
}
