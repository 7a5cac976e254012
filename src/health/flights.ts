/** A probe under way, as far as its time-out goes. */
export interface Flight {
  readonly startedMs: number;
  readonly timeoutMs: number;
}

/**
 * What is under way, and when its time is over. Those with the same time-out run out in the order in which
 * they started, so the first of each such row tells all, and coming and going costs next to nothing.
 */
export class Flights<T extends Flight> implements Iterable<T> {
  readonly #rows = new Map<number, Set<T>>();
  #size = 0;

  /** Those that were told to have timed out count until they are removed. */
  get size(): number {
    return this.#size;
  }

  add(flight: T): void {
    this.#size += 1;
    const row = this.#rows.get(flight.timeoutMs);
    if (row === undefined) this.#rows.set(flight.timeoutMs, new Set([flight]));
    else row.add(flight);
  }

  remove(flight: T): void {
    this.#size -= 1;
    this.#rows.get(flight.timeoutMs)?.delete(flight);
  }

  /** When the next time-out is over; Infinity while nothing is under way. */
  earliestTimeoutMs(): number {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const [timeoutMs, row] of this.#rows) {
      for (const { startedMs } of row) {
        earliestMs = Math.min(earliestMs, startedMs + timeoutMs);
        break;
      }
    }
    return earliestMs;
  }

  /** Those whose time is over, each told once. */
  takeTimedOut(nowMs: number): T[] {
    const over: T[] = [];
    for (const [timeoutMs, row] of this.#rows) {
      for (const flight of row) {
        if (flight.startedMs + timeoutMs > nowMs) break;
        row.delete(flight);
        over.push(flight);
      }
    }
    return over;
  }

  /** Those that have not timed out. */
  *[Symbol.iterator](): Iterator<T> {
    for (const row of this.#rows.values()) yield* row;
  }
}
