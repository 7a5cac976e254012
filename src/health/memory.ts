import { socketAddressOf } from './check-id.ts';
import type { Beginning } from './check-schedule.ts';
import type { Check, CheckId, Health } from './health.ts';
import { isForming } from './hysteresis.ts';

/** What was known of checks at another time: before a restart, in the pass before, under other settings. */
export class HealthMemory {
  readonly #byId: ReadonlyMap<CheckId, Health>;
  /** By address and port alone, the healthiest: for checks whose settings changed. */
  readonly #bySocketAddress = new Map<string, Health>();

  constructor(known: ReadonlyMap<CheckId, Health>) {
    this.#byId = known;
    for (const [id, health] of known) {
      const at = id.slice(0, id.indexOf(' '));
      const other = this.#bySocketAddress.get(at);
      if (other === undefined || RANK[health.verdict] > RANK[other.verdict])
        this.#bySocketAddress.set(at, health);
    }
  }

  /**
   * What to begin with. A check that is new only because its settings were edited keeps the verdict of
   * its address and port, so that no edit of a list takes a healthy address out of service; its streak
   * was counted by other rules and starts afresh.
   */
  recall(check: Check): Health | undefined {
    const same = this.#byId.get(check.id);
    if (same !== undefined) return same;
    const alike = this.#bySocketAddress.get(socketAddressOf(check));
    if (alike === undefined || alike.verdict === 'unknown') return undefined;
    const { streakOf: _, ...rest } = alike;
    return { ...rest, streak: 0 };
  }

  /** How a monitor begins with a check. One whose verdict stands may wait for its turn in the interval. */
  beginningOf(check: Check): Beginning | undefined {
    const health = this.recall(check);
    return health && { health, spread: this.#byId.has(check.id) && !isForming(health) };
  }
}

const RANK = { unknown: 0, unhealthy: 1, healthy: 2 } as const;

export const NOTHING_KNOWN = new HealthMemory(new Map());
