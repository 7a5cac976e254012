/** Probes that start within this time form a group. No probe is so urgent that it could not wait that long. */
export const TICK_MS = 5;

/** Probes that started together and have the same time-out. They end together. */
export interface ProbeGroup {
  /** Aborts when the time-out of the group is over. Probes that have ended by then do not see it. */
  readonly signal: AbortSignal;
}

/** The reason of the abort, from how much later than the time-out it comes. */
type AbortReason = (lateByMs: number) => Error;

interface OpenGroup extends ProbeGroup {
  readonly controller: AbortController;
  readonly startedMs: number;
  endsMs: number;
  inFlight: number;
}

/**
 * The probes in flight, and when their time-outs are over. Groups with the same time-out end in the order in which they
 * started, so the first group of each such row is the next to end. One signal serves a whole group, because ten
 * thousand signals with a listener each cost more than the connections.
 */
export class ProbesInFlight {
  readonly #rows = new Map<number, OpenGroup[]>();
  #count = 0;

  /** Includes probes whose time-out is over, until they leave. */
  get count(): number {
    return this.#count;
  }

  /** Adds a probe to the group that started just now, or to a new one. The group ends with the time-out of its last probe. */
  join(timeoutMs: number, nowMs: number): ProbeGroup {
    this.#count += 1;
    const row = this.#rows.get(timeoutMs) ?? [];
    if (row.length === 0) this.#rows.set(timeoutMs, row);
    const last = row.at(-1);
    if (last !== undefined && nowMs - last.startedMs <= TICK_MS) {
      last.inFlight += 1;
      last.endsMs = nowMs + timeoutMs;
      return last;
    }
    const controller = new AbortController();
    const { signal } = controller;
    const group = { signal, controller, startedMs: nowMs, endsMs: nowMs + timeoutMs, inFlight: 1 };
    row.push(group);
    return group;
  }

  /** A probe of this group has ended, in time or not. */
  leave(group: ProbeGroup): void {
    this.#count -= 1;
    (group as OpenGroup).inFlight -= 1;
  }

  /** When the next time-out is over; Infinity while no probe is in flight. */
  earliestEndMs(): number {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const row of this.#rows.values()) {
      while (row[0]?.inFlight === 0) row.shift();
      earliestMs = Math.min(earliestMs, row[0]?.endsMs ?? Number.POSITIVE_INFINITY);
    }
    return earliestMs;
  }

  /** Aborts the groups whose time-out is over. */
  endOverdue(nowMs: number, reason: AbortReason): void {
    for (const row of this.#rows.values()) {
      for (let first = row[0]; first !== undefined && first.endsMs <= nowMs; first = row[0]) {
        row.shift();
        first.controller.abort(reason(nowMs - first.endsMs));
      }
    }
  }

  /** Aborts all groups that {@link endOverdue} has not aborted yet. */
  endAll(reason: Error): void {
    for (const row of this.#rows.values())
      for (const { controller } of row.splice(0)) controller.abort(reason);
  }
}
