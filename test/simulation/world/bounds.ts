const MOST = { requests: 64, queries: 256, sockets: 512 } as const;

/** Limits in any ten seconds, for the few targets of a scenario: an endless loop exceeds them. */
const MOST_IN_TEN_SECONDS = { 'log lines': 150, 'requests sent': 500 } as const;
const WINDOW_MS = 10_000;

type Counted = keyof typeof MOST;
type Paced = keyof typeof MOST_IN_TEN_SECONDS;

/** Counts what one process has open and does, and reports what exceeds a limit. */
export class Bounds {
  readonly #open: Record<Counted, number> = { requests: 0, queries: 0, sockets: 0 };
  readonly #paces = new Map<Paced, { fromMs: number; count: number }>();
  readonly #onBreach: (message: string) => void;
  readonly #mostInTenSeconds: Readonly<Record<Paced, number>>;

  /** `addresses`: of all targets. Each may be logged, and written to two slices and to the Endpoints. */
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

  /** Counts one log line or request. */
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

  /** What is still open. After the end of the process it is a leak. */
  open(): string[] {
    return Object.entries(this.#open).flatMap(([what, count]) => (count === 0 ? [] : [`${count} ${what}`]));
  }
}
