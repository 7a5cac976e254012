import { onAbort } from '../time/on-abort.ts';

export interface QueryLimits {
  /** Queries in flight, each to one server at a time. */
  readonly maxInFlight: number;
  /** The limit for one set of servers, so that dead servers do not take all slots. */
  readonly maxInFlightPerGroup: number;
  /** Queries that wait for a slot. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly admit: () => void;
  readonly forget: () => void;
}

interface Group {
  inFlight: number;
  /** First in, first out within a lane. The lane whose turn it is comes first. */
  readonly lanes: Map<string, Waiting[]>;
}

/**
 * A bound on queries in flight, with a fair queue. Groups (sets of servers) take turns, and within a group lanes
 * (resolved names) take turns. So neither a name with hundreds of queries nor a set of dead servers delays the
 * others.
 */
export class QueryQueue {
  readonly #limits: QueryLimits;
  /** In the order of their turns. Groups without queries are removed. */
  readonly #groups = new Map<string, Group>();
  #inFlight = 0;
  #waiting = 0;

  constructor(limits: QueryLimits) {
    this.#limits = limits;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Waits for a slot, which {@link leave} frees. False if the queue is full too. Rejects with `signal.reason` if the
   * signal, which must not have aborted yet, aborts first.
   */
  enter(groupName: string, laneName: string, signal: AbortSignal): Promise<void> | boolean {
    let group = this.#groups.get(groupName);
    if (group === undefined) {
      group = { inFlight: 0, lanes: new Map() };
      this.#groups.set(groupName, group);
    }
    // A query that waits in this group waits for a slot of the group or for one of the last slots of all; it comes
    // first.
    if (group.lanes.size === 0 && this.#hasPlace(group)) {
      this.#take(group);
      return true;
    }
    if (this.#waiting >= this.#limits.maxWaiting) return false;
    return this.#wait(groupName, group, laneName, signal);
  }

  leave(groupName: string): void {
    const group = this.#groups.get(groupName);
    if (group === undefined) throw new Error('a slot was freed that was not taken');
    this.#inFlight -= 1;
    group.inFlight -= 1;
    this.#forgetIfIdle(groupName, group);
    this.#admitNext();
  }

  #hasPlace(group: Group): boolean {
    return this.#inFlight < this.#limits.maxInFlight && group.inFlight < this.#limits.maxInFlightPerGroup;
  }

  #take(group: Group): void {
    this.#inFlight += 1;
    group.inFlight += 1;
  }

  #wait(groupName: string, group: Group, laneName: string, signal: AbortSignal): Promise<void> {
    return new Promise((admit, reject) => {
      const lane = group.lanes.get(laneName) ?? [];
      group.lanes.set(laneName, lane);
      const forget = onAbort(signal, () => {
        lane.splice(lane.indexOf(entry), 1);
        if (lane.length === 0) group.lanes.delete(laneName);
        this.#waiting -= 1;
        this.#forgetIfIdle(groupName, group);
        reject(signal.reason);
      });
      const entry: Waiting = { admit, forget };
      lane.push(entry);
      this.#waiting += 1;
    });
  }

  #forgetIfIdle(groupName: string, group: Group): void {
    if (group.inFlight === 0 && group.lanes.size === 0) this.#groups.delete(groupName);
  }

  /** A slot is free: it goes to the first group that may take it, and that group moves to the end. */
  #admitNext(): void {
    if (this.#waiting === 0) return;
    for (const [name, group] of this.#groups) {
      const [first] = group.lanes;
      if (first === undefined || !this.#hasPlace(group)) continue;
      this.#groups.delete(name);
      this.#groups.set(name, group);
      this.#admitFrom(group, ...first);
      return;
    }
  }

  #admitFrom(group: Group, laneName: string, lane: Waiting[]): void {
    const entry = lane.shift();
    if (entry === undefined) throw new Error('an empty lane was kept');
    group.lanes.delete(laneName);
    if (lane.length > 0) group.lanes.set(laneName, lane);
    this.#waiting -= 1;
    this.#take(group);
    entry.forget();
    entry.admit();
  }
}
