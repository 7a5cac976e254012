import type { Check, CheckId, Health } from '../health/health.ts';
import { HealthMemory } from '../health/memory.ts';
import type { Monitor } from '../health/monitor.ts';

/** The checks that all targets together need, each probed once however many ask for it. */
export class CheckSet {
  readonly #monitor: Monitor;
  /** What was known before this process, for checks that begin. */
  #remembered: HealthMemory;
  readonly #users = new Map<CheckId, Set<string>>();
  readonly #ofUser = new Map<string, ReadonlySet<CheckId>>();

  constructor(monitor: Monitor, remembered: HealthMemory) {
    this.#monitor = monitor;
    this.#remembered = remembered;
  }

  recallFrom(remembered: HealthMemory): void {
    this.#remembered = remembered;
  }

  /**
   * Replaces what `user` (a target's key) asks for. A check whose settings were edited begins with the verdict of
   * the one that it replaces, so that no edit takes a healthy address out of service.
   *
   * @returns what those had found that `user` no longer asks for.
   */
  replace(user: string, checks: readonly Check[]): ReadonlyMap<CheckId, Health> {
    const before = this.#ofUser.get(user) ?? new Set();
    const after = new Set(checks.map((check) => check.id));
    const found = this.#healthOfAll(before);
    const memory = new HealthMemory(found);
    for (const check of checks) if (!before.has(check.id)) this.#take(user, check, memory);
    for (const id of before) if (!after.has(id)) this.#release(user, id);
    if (after.size === 0) this.#ofUser.delete(user);
    else this.#ofUser.set(user, after);
    return new Map([...found].filter(([id]) => !after.has(id)));
  }

  usersOf(id: CheckId): Iterable<string> {
    return this.#users.get(id) ?? [];
  }

  /** Whether everything that `user` asks for has been found healthy or unhealthy. */
  haveVerdicts(user: string): boolean {
    for (const id of this.#ofUser.get(user) ?? []) {
      if ((this.#monitor.health(id)?.verdict ?? 'unknown') === 'unknown') return false;
    }
    return true;
  }

  health(id: CheckId): Health | undefined {
    return this.#monitor.health(id);
  }

  /** Everything known, for the state that outlives the process. */
  snapshot(): ReadonlyMap<CheckId, Health> {
    return this.#healthOfAll(this.#users.keys());
  }

  #healthOfAll(ids: Iterable<CheckId>): Map<CheckId, Health> {
    const known = new Map<CheckId, Health>();
    for (const id of ids) {
      const health = this.#monitor.health(id);
      if (health !== undefined) known.set(id, health);
    }
    return known;
  }

  #take(user: string, check: Check, found: HealthMemory): void {
    const users = this.#users.get(check.id);
    if (users !== undefined) {
      users.add(user);
      return;
    }
    this.#users.set(check.id, new Set([user]));
    this.#monitor.add(check, found.beginningOf(check) ?? this.#remembered.beginningOf(check));
  }

  #release(user: string, id: CheckId): void {
    const users = this.#users.get(id);
    users?.delete(user);
    if (users?.size !== 0) return;
    this.#users.delete(id);
    this.#monitor.remove(id);
  }
}
