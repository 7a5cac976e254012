import { socketAddressOf } from './check-id.ts';
import type { Check, CheckId, Health } from './health.ts';

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

  /** True when exactly this check, settings included, has a verdict that nothing speaks against. */
  isSettled(check: Check): boolean {
    const same = this.#byId.get(check.id);
    return same !== undefined && same.verdict !== 'unknown' && same.streak === 0;
  }
}

const RANK = { unknown: 0, unhealthy: 1, healthy: 2 } as const;

export const NOTHING_KNOWN = new HealthMemory(new Map());
