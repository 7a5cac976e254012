import type { Scheduled, Scheduler } from './scheduler.ts';

/** A change in one replica's watch cache that waits for its delivery. */
interface Backlog {
  readonly dueMs: number;
  readonly pass: () => void;
}

/**
 * The watch cache of one of several API servers. A change in etcd appears in it later, in order, and all at once when the
 * cache has caught up (`storage/cacher`). Writes, and reads without a resourceVersion, go to etcd on every server, and
 * are never late.
 */
class ApiReplica {
  readonly #scheduler: Scheduler;
  #lagMs = 0;
  #backlog: Backlog[] = [];
  #timer: Scheduled | undefined;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get isBehind(): boolean {
    return this.#lagMs > 0 || this.#backlog.length > 0;
  }

  setLag(lagMs: number): void {
    this.#lagMs = lagMs;
    if (lagMs > 0) return;
    for (const { pass } of this.#backlog.splice(0)) pass();
  }

  /** Whether it had to wait. */
  take(pass: () => void): boolean {
    if (!this.isBehind) {
      pass();
      return false;
    }
    // A change never overtakes an earlier one, even if the lag was longer then.
    const afterMs = this.#backlog.at(-1)?.dueMs ?? 0;
    this.#backlog.push({ dueMs: Math.max(afterMs, this.#scheduler.nowMs + this.#lagMs), pass });
    this.#wait();
    return true;
  }

  #wait(): void {
    this.#timer?.cancel();
    const [first] = this.#backlog;
    if (first === undefined) return;
    this.#timer = this.#scheduler.in(first.dueMs - this.#scheduler.nowMs, () => {
      while ((this.#backlog[0]?.dueMs ?? Number.POSITIVE_INFINITY) <= this.#scheduler.nowMs)
        this.#backlog.shift()?.pass();
      this.#wait();
    });
  }
}

/** The API servers behind one address: each watch is served by one of them for as long as it is open. */
export class ApiReplicas {
  readonly #replicas: readonly [ApiReplica, ApiReplica];
  /** The longest lag so far: a watch event may be late by so much. */
  longestLagMs = 0;

  constructor(scheduler: Scheduler) {
    this.#replicas = [new ApiReplica(scheduler), new ApiReplica(scheduler)];
  }

  of(place: number): ApiReplica {
    return this.#replicas[place === 0 ? 0 : 1];
  }

  setLag(place: number, lagMs: number): void {
    this.longestLagMs = Math.max(this.longestLagMs, lagMs);
    this.of(place).setLag(lagMs);
  }
}
