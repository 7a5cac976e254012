import { onAbort } from '../target/on-abort.ts';

export interface QueryLimits {
  /** Questions being asked at the same time, each of one server at a time. */
  readonly maxInFlight: number;
  /** Of these, how many may go to the same set of servers: dead servers are not to fill all the places. */
  readonly maxInFlightPerGroup: number;
  /** Questions waiting for a place. */
  readonly maxWaiting: number;
}

interface Waiting {
  readonly admit: (admitted: boolean) => void;
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

  /** Runs `task` when there is a place for it; `undefined` when not even the queue had one. */
  async run<T>(
    groupName: string,
    laneName: string,
    task: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const group = this.#group(groupName);
    if (this.#waiting === 0 && this.#hasPlace(group)) this.#take(group);
    else if (this.#waiting >= this.#limits.maxWaiting) return undefined;
    else if (!(await this.#wait(group, laneName, signal))) throw signal.reason;
    try {
      return await task();
    } finally {
      this.#leave(groupName, group);
    }
  }

  #group(name: string): Group {
    const known = this.#groups.get(name);
    if (known !== undefined) return known;
    const group: Group = { inFlight: 0, lanes: new Map() };
    this.#groups.set(name, group);
    return group;
  }

  #hasPlace(group: Group): boolean {
    return this.#inFlight < this.#limits.maxInFlight && group.inFlight < this.#limits.maxInFlightPerGroup;
  }

  #take(group: Group): void {
    this.#inFlight += 1;
    group.inFlight += 1;
  }

  #wait(group: Group, laneName: string, signal: AbortSignal): Promise<boolean> {
    return new Promise((admit) => {
      const lane = group.lanes.get(laneName) ?? [];
      group.lanes.set(laneName, lane);
      const entry: Waiting = { admit, forget: onAbort(signal, () => this.#withdraw(group, laneName, entry)) };
      lane.push(entry);
      this.#waiting += 1;
      this.#admit();
    });
  }

  #withdraw(group: Group, laneName: string, entry: Waiting): void {
    const lane = group.lanes.get(laneName);
    const index = lane?.indexOf(entry) ?? -1;
    if (lane === undefined || index < 0) return;
    lane.splice(index, 1);
    if (lane.length === 0) group.lanes.delete(laneName);
    this.#waiting -= 1;
    entry.admit(false);
  }

  #leave(groupName: string, group: Group): void {
    this.#inFlight -= 1;
    group.inFlight -= 1;
    this.#admit();
    if (group.inFlight === 0 && group.lanes.size === 0) this.#groups.delete(groupName);
  }

  #admit(): void {
    if (this.#waiting === 0) return;
    for (const [name, group] of [...this.#groups]) {
      if (this.#inFlight >= this.#limits.maxInFlight) return;
      if (group.lanes.size === 0 || !this.#hasPlace(group)) continue;
      this.#admitFrom(group);
      // Whoever had a turn goes to the end.
      this.#groups.delete(name);
      this.#groups.set(name, group);
    }
  }

  #admitFrom(group: Group): void {
    const [first] = group.lanes;
    if (first === undefined) return;
    const [laneName, lane] = first;
    const entry = lane.shift();
    group.lanes.delete(laneName);
    if (lane.length > 0) group.lanes.set(laneName, lane);
    if (entry === undefined) return;
    entry.forget();
    this.#waiting -= 1;
    this.#take(group);
    entry.admit(true);
  }
}
