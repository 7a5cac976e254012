import type { Check, CheckId, Health } from '../health/health.ts';
import { notCheckedYet } from '../health/hysteresis.ts';
import type { HealthMemory } from '../health/memory.ts';
import type { Monitor } from '../health/monitor.ts';
import type { Clock } from '../target/clock.ts';

/** The checks that all targets together need, each probed once however many ask for it. */
export class CheckSet {
  private readonly monitor: Monitor;
  private readonly clock: Clock;
  /** What was known before this process, for checks that begin. */
  private remembered: HealthMemory;
  private readonly users = new Map<CheckId, Set<string>>();
  private readonly ofUser = new Map<string, ReadonlySet<CheckId>>();

  constructor(monitor: Monitor, clock: Clock, remembered: HealthMemory) {
    this.monitor = monitor;
    this.clock = clock;
    this.remembered = remembered;
  }

  recallFrom(remembered: HealthMemory): void {
    this.remembered = remembered;
  }

  /** Replaces what `user` (a target's key) asks for. */
  replace(user: string, checks: readonly Check[]): void {
    const before = this.ofUser.get(user) ?? new Set();
    const after = new Set(checks.map((check) => check.id));
    for (const check of checks) if (!before.has(check.id)) this.take(user, check);
    for (const id of before) if (!after.has(id)) this.release(user, id);
    if (after.size === 0) this.ofUser.delete(user);
    else this.ofUser.set(user, after);
  }

  usersOf(id: CheckId): Iterable<string> {
    return this.users.get(id) ?? [];
  }

  /** Whether everything that `user` asks for has been found healthy or unhealthy. */
  haveVerdicts(user: string): boolean {
    for (const id of this.ofUser.get(user) ?? []) {
      if ((this.monitor.health(id)?.verdict ?? 'unknown') === 'unknown') return false;
    }
    return true;
  }

  health(id: CheckId): Health | undefined {
    return this.monitor.health(id);
  }

  /** Everything known, for the state that outlives the process. */
  snapshot(): ReadonlyMap<CheckId, Health> {
    const known = new Map<CheckId, Health>();
    for (const id of this.users.keys()) {
      const health = this.monitor.health(id);
      if (health !== undefined) known.set(id, health);
    }
    return known;
  }

  private take(user: string, check: Check): void {
    const users = this.users.get(check.id);
    if (users !== undefined) {
      users.add(user);
      return;
    }
    this.users.set(check.id, new Set([user]));
    const health = this.remembered.recall(check) ?? notCheckedYet(this.clock.monotonicNow());
    this.monitor.add(check, { health, spread: this.remembered.isSettled(check) });
  }

  private release(user: string, id: CheckId): void {
    const users = this.users.get(id);
    users?.delete(user);
    if (users?.size !== 0) return;
    this.users.delete(id);
    this.monitor.remove(id);
  }
}
