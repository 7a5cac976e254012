const MOST = { requests: 64, queries: 256, sockets: 512 } as const;

/** In any ten seconds, for the handful of targets that a scenario has: what runs in circles does more. */
const MOST_IN_TEN_SECONDS = { 'log lines': 150, 'requests sent': 500 } as const;
const WINDOW_MS = 10_000;

type Counted = keyof typeof MOST;
type Paced = keyof typeof MOST_IN_TEN_SECONDS;

/** How much of everything one process has open and does, and whether that is too much. */
export class Bounds {
  readonly #open: Record<Counted, number> = { requests: 0, queries: 0, sockets: 0 };
  readonly #paces = new Map<Paced, { fromMs: number; count: number }>();
  readonly #onBreach: (message: string) => void;
  readonly #mostInTenSeconds: Readonly<Record<Paced, number>>;

  /** `addresses`: of all targets. Each may be told of, and written to a slice, to another and to the Endpoints. */
  constructor(addresses: number, onBreach: (message: string) => void) {
    this.#mostInTenSeconds = {
      'log lines': MOST_IN_TEN_SECONDS['log lines'] + 4 * addresses,
      'requests sent': MOST_IN_TEN_SECONDS['requests sent'] + 3 * addresses,
    };
    this.#onBreach = onBreach;
  }

  count(what: Counted, change: 1 | -1): void {
    this.#open[what] += change;
    if (this.#open[what] > MOST[what])
      this.#onBreach(`${this.#open[what]} ${what} in flight, at most ${MOST[what]}`);
  }

  /** One more of what has no end. */
  pace(what: Paced, nowMs: number): void {
    const pace = this.#paces.get(what);
    if (pace === undefined || nowMs >= pace.fromMs + WINDOW_MS) {
      this.#paces.set(what, { fromMs: nowMs, count: 1 });
      return;
    }
    pace.count += 1;
    const most = this.#mostInTenSeconds[what];
    if (pace.count === most + 1) this.#onBreach(`more than ${most} ${what} in ten seconds`);
  }

  /** What is still open; of a process that has ended that is a leak. */
  open(): string[] {
    return Object.entries(this.#open).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
  }
}
