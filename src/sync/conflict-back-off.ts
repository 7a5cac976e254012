import type { Action } from '../plan/object-plan.ts';
import { type BackOff, backOffAfter, NO_BACK_OFF } from '../time/back-off.ts';
import type { Random } from '../time/random.ts';

/** So many equal repairs within the window are a conflict with another writer. */
const REPAIRS_OF_A_CONFLICT = 5;
const WINDOW_MS = 60_000;

/** Pauses between repairs that are undone each time. */
const PAUSES = { firstMs: 15_000, longestMs: 300_000 };

/** A repair that was not needed for this long is forgotten, with its pauses. */
const FORGOTTEN_AFTER_MS = 600_000;

/** The most repairs that are counted for one target. */
const MAX_REPAIRS = 50;

interface Repair {
  readonly object: string;
  readonly timesMs: readonly number[];
  readonly pause: BackOff;
}

/**
 * Counts the repairs of one target's objects. When the same drift of the same object comes back again and again,
 * another writer owns that field: the repair then waits, longer each time. Everything else goes on: a write with other
 * content, because a verdict or the list changed, is another write.
 */
export class ConflictBackOff {
  readonly #repairs = new Map<string, Repair>();

  /** Counts that `action` repaired another writer's change. Returns when it may be written again. */
  noteRepair(action: Action, nowMs: number, random: Random): number {
    this.#forgetOld(nowMs);
    const key = keyOf(action);
    const before = this.#repairs.get(key);
    const timesMs = [...(before?.timesMs ?? []).filter((atMs) => atMs > nowMs - WINDOW_MS), nowMs];
    const isConflict = timesMs.length >= REPAIRS_OF_A_CONFLICT || (before?.pause.failures ?? 0) > 0;
    const pause = isConflict
      ? backOffAfter(before?.pause ?? NO_BACK_OFF, nowMs, random, PAUSES)
      : NO_BACK_OFF;
    if (before === undefined && this.#repairs.size >= MAX_REPAIRS) return nowMs;
    this.#repairs.set(key, {
      object: objectOf(action),
      timesMs: timesMs.slice(-REPAIRS_OF_A_CONFLICT),
      pause,
    });
    return Math.max(nowMs, pause.untilMs);
  }

  /** Until when these writes wait, because another writer undoes each of them; -Infinity if they need not. */
  backOffUntilMs(actions: readonly Action[], nowMs: number): number {
    const untilMs = actions.map((action) => this.#repairs.get(keyOf(action))?.pause.untilMs ?? -Infinity);
    const earliestMs = Math.min(...untilMs);
    return untilMs.length > 0 && earliestMs > nowMs ? earliestMs : Number.NEGATIVE_INFINITY;
  }

  /** Whether a change of that object says nothing new, because its repair is waiting. */
  isBackingOff(kind: string, name: string, nowMs: number): boolean {
    return [...this.#repairs.values()].some(
      ({ object, pause }) =>
        pause.untilMs > nowMs && (object === `${kind}/${name}` || object === `${kind}/*`),
    );
  }

  #forgetOld(nowMs: number): void {
    for (const [key, { timesMs, pause }] of this.#repairs) {
      const lastMs = Math.max(timesMs.at(-1) ?? 0, pause.untilMs);
      const isOld = nowMs - lastMs > (pause.failures > 0 ? FORGOTTEN_AFTER_MS : WINDOW_MS);
      if (isOld) this.#repairs.delete(key);
    }
  }
}

/** Another writer's object comes back under a new name each time. */
function objectOf({ verb, kind, name }: Action): string {
  return verb === 'delete' ? `${kind}/*` : `${kind}/${name}`;
}

/** Equal for writes that set the same fields of the same object to the same values. */
function keyOf(action: Action): string {
  const object = `${action.verb} ${objectOf(action)}`;
  if (action.verb === 'delete') return `${object} ${action.reason}`;
  if (action.verb === 'create') return `${object} ${JSON.stringify(action.body)}`;
  return `${object} ${JSON.stringify(action.changes.map(({ path, to }) => [path, to]))}`;
}
