/** Probes that start within this time share a flight. No probe is so urgent that it could not wait that long. */
export const TICK_MS = 5;

/** Probes that began together and have the same time-out: it is over for all of them at once. */
export interface Flight {
  /** Aborts when the time is over, for those that are still under way then. */
  readonly signal: AbortSignal;
}

/** How much later than its time-out a flight's end was noticed decides what it means. */
type ReasonOfEnd = (lateByMs: number) => Error;

interface OpenFlight extends Flight {
  readonly controller: AbortController;
  readonly startedMs: number;
  endsMs: number;
  underWay: number;
}

/**
 * What is under way, and when its time is over. Flights with the same time-out end in the order in which they
 * began, so the first of each such row tells all; and one signal serves a whole flight, because ten thousand
 * signals with a listener each cost more than the connections.
 */
export class Flights {
  readonly #rows = new Map<number, OpenFlight[]>();
  #underWay = 0;

  /** Probes under way, those whose time is over included until they leave. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Begins a probe, in a flight that began just now if there is one: its time then ends with the last of it. */
  join(timeoutMs: number, nowMs: number): Flight {
    this.#underWay += 1;
    const row = this.#rows.get(timeoutMs) ?? [];
    if (row.length === 0) this.#rows.set(timeoutMs, row);
    const last = row.at(-1);
    if (last !== undefined && nowMs - last.startedMs <= TICK_MS) {
      last.underWay += 1;
      last.endsMs = nowMs + timeoutMs;
      return last;
    }
    const controller = new AbortController();
    const { signal } = controller;
    const flight = { signal, controller, startedMs: nowMs, endsMs: nowMs + timeoutMs, underWay: 1 };
    row.push(flight);
    return flight;
  }

  /** A probe of this flight has ended, in time or not. */
  leave(flight: Flight): void {
    this.#underWay -= 1;
    (flight as OpenFlight).underWay -= 1;
  }

  /** When the next time-out is over; Infinity while nothing is under way. */
  earliestEndMs(): number {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const row of this.#rows.values()) {
      while (row[0]?.underWay === 0) row.shift();
      earliestMs = Math.min(earliestMs, row[0]?.endsMs ?? Number.POSITIVE_INFINITY);
    }
    return earliestMs;
  }

  /** Ends those whose time is over. */
  endOverdue(nowMs: number, reason: ReasonOfEnd): void {
    for (const row of this.#rows.values()) {
      for (let first = row[0]; first !== undefined && first.endsMs <= nowMs; first = row[0]) {
        row.shift();
        first.controller.abort(reason(nowMs - first.endsMs));
      }
    }
  }

  /** Ends all that are not overdue yet. */
  endAll(reason: Error): void {
    for (const row of this.#rows.values())
      for (const { controller } of row.splice(0)) controller.abort(reason);
  }
}
