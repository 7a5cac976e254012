import { onAbort } from '../time/on-abort.ts';

export interface QueryLimits {
  /** Questions being asked at the same time, each of one server at a time. */
  readonly maxInFlight: number;
  /** Of these, how many may go to the same set of servers: dead servers are not to fill all the places. */
  readonly maxInFlightPerGroup: number;
  /** Questions waiting for a place. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly admit: () => void;
  readonly forget: () => void;
}

interface Group {
  inFlight: number;
  /** First in, first out within a lane; the lane whose turn it is stands first. */
  readonly lanes: Map<string, Waiting[]>;
}

/**
 * A bound on questions in flight with a queue that is fair: the groups (sets of servers) take turns, and
 * within a group the lanes (names that were asked for), so neither a name that needs hundreds of queries
 * nor a set of servers that does not answer keeps the others waiting.
 */
export class QueryQueue {
  readonly #limits: QueryLimits;
  /** In the order of their turns. A group without questions is not here. */
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
   * Waits for a place, which {@link leave} gives back. False when not even the queue has one. Rejects with
   * `signal.reason` when the signal, which must not have aborted yet, aborts first.
   */
  enter(groupName: string, laneName: string, signal: AbortSignal): Promise<void> | boolean {
    let group = this.#groups.get(groupName);
    if (group === undefined) {
      group = { inFlight: 0, lanes: new Map() };
      this.#groups.set(groupName, group);
    }
    // Who waits in this group waits for its own places, or for the last ones of all: both come before.
    if (group.lanes.size === 0 && this.#hasPlace(group)) {
      this.#take(group);
      return true;
    }
    if (this.#waiting >= this.#limits.maxWaiting) return false;
    return this.#wait(groupName, group, laneName, signal);
  }

  leave(groupName: string): void {
    const group = this.#groups.get(groupName);
    if (group === undefined) throw new Error('a place was given back that nobody had taken');
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

  /** One place has become free; the first group in turn that may take it does, and goes to the end. */
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
    if (entry === undefined) throw new Error('a lane without questions was kept');
    group.lanes.delete(laneName);
    if (lane.length > 0) group.lanes.set(laneName, lane);
    this.#waiting -= 1;
    this.#take(group);
    entry.forget();
    entry.admit();
  }
}
