import { socketAddressOf } from './check-id.ts';
import type { Beginning } from './check-schedule.ts';
import type { Check, CheckId, Health } from './health.ts';
import { isForming } from './hysteresis.ts';

/** Health from an earlier time: before a restart, from the previous pass, or under other settings. */
export class HealthMemory {
  readonly #byId: ReadonlyMap<CheckId, Health>;
  /** By address and port only, the healthiest: for checks whose settings changed. */
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
   * The health to start with. A check that is new only because its settings were edited keeps the verdict of its
   * address and port, so an edit of a list takes no healthy address out of service. Its streak was counted by other
   * rules and starts again.
   */
  recall(check: Check): Health | undefined {
    const same = this.#byId.get(check.id);
    if (same !== undefined) return same;
    const alike = this.#bySocketAddress.get(socketAddressOf(check));
    if (alike === undefined || alike.verdict === 'unknown') return undefined;
    const { streakOf: _, ...rest } = alike;
    return { ...rest, streak: 0 };
  }

  /** How a monitor starts with a check. A check with a verdict may wait for its turn in the interval. */
  beginningOf(check: Check): Beginning | undefined {
    const health = this.recall(check);
    return health && { health, spread: this.#byId.has(check.id) && !isForming(health) };
  }
}

const RANK = { unknown: 0, unhealthy: 1, healthy: 2 } as const;

export const NOTHING_KNOWN = new HealthMemory(new Map());
