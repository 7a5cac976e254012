import type { Scheduled, Scheduler } from './scheduler.ts';

/** What arrives at one replica's watch cache and waits to be passed on. */
interface Backlog {
  readonly dueMs: number;
  readonly pass: () => void;
}

/**
 * One of the API servers of a control plane that has several, as far as its watch cache goes: what happens in etcd
 * shows there later, in order, and everything at once when the cache has caught up (`storage/cacher`). Reads without
 * a resourceVersion and writes go to etcd whichever server takes them, and are never late.
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
    // Nothing overtakes what came before, even if that came when the lag was longer.
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
  /** The longest lag that there has been: so late may somebody hear of what happened. */
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
