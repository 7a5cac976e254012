import type { Check, CheckId, Health } from './health.ts';
import { HealthMemory, NOTHING_KNOWN } from './memory.ts';
import type { Monitor } from './monitor.ts';

/**
 * Who asks for which checks of a monitor. Several may ask for the same one: it is probed once, and goes on
 * until the last of them has left.
 */
export class Subscriptions {
  readonly #monitor: Pick<Monitor, 'add' | 'remove' | 'health'>;
  readonly #carriedOver: HealthMemory;
  readonly #checksOf = new Map<string, readonly CheckId[]>();
  readonly #subscribers = new Map<CheckId, number>();

  /** `carriedOver` is what another process knew: a check that is asked for begins with that. */
  constructor(monitor: Pick<Monitor, 'add' | 'remove' | 'health'>, carriedOver = NOTHING_KNOWN) {
    this.#monitor = monitor;
    this.#carriedOver = carriedOver;
  }

  /**
   * From now on `subscriber` wants exactly these, each id once; none at all when it leaves. What is new to
   * the monitor begins with what the subscriber's checks of the same address and port have found, so that
   * edited settings take nothing out of service.
   */
  set(subscriber: string, checks: readonly Check[]): void {
    const before = this.#checksOf.get(subscriber) ?? [];
    const known = this.#knownOf(before);
    for (const check of checks) {
      const subscribers = this.#subscribers.get(check.id) ?? 0;
      this.#subscribers.set(check.id, subscribers + 1);
      if (subscribers > 0) continue;
      this.#monitor.add(check, known.beginningOf(check) ?? this.#carriedOver.beginningOf(check));
    }
    for (const id of before) this.#leave(id);
    if (checks.length === 0) this.#checksOf.delete(subscriber);
    else
      this.#checksOf.set(
        subscriber,
        checks.map(({ id }) => id),
      );
  }

  #knownOf(ids: readonly CheckId[]): HealthMemory {
    const known = new Map<CheckId, Health>();
    for (const id of ids) {
      const health = this.#monitor.health(id);
      if (health !== undefined) known.set(id, health);
    }
    return new HealthMemory(known);
  }

  #leave(id: CheckId): void {
    const subscribers = (this.#subscribers.get(id) ?? 0) - 1;
    if (subscribers > 0) {
      this.#subscribers.set(id, subscribers);
    } else {
      this.#subscribers.delete(id);
      this.#monitor.remove(id);
    }
  }
}
