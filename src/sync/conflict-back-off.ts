import type { Action } from '../plan/object-plan.ts';
import { type BackOff, backOffAfter, NO_BACK_OFF } from '../time/back-off.ts';
import type { Random } from '../time/random.ts';

/** So many times the same repair within the window, and somebody is undoing it on purpose. */
const REPAIRS_OF_A_WAR = 5;
const WINDOW_MS = 60_000;

/** Between repairs that are undone each time. */
const PAUSES = { firstMs: 15_000, longestMs: 300_000 };

/** A repair that was not needed again for so long is forgotten, and its pauses with it. */
const FORGOTTEN_AFTER_MS = 600_000;

/** Of one target: more are not told apart from one another. */
const MAX_REPAIRS = 50;

interface Repair {
  readonly object: string;
  readonly timesMs: readonly number[];
  readonly pause: BackOff;
}

/**
 * What of one target's objects had to be put right, to tell a slip from a war. A war is the same drift of the same
 * object that comes back time after time; then the repair waits, ever longer, and everything else goes on: what has
 * another content, because a verdict or the list changed, is another write.
 */
export class ConflictBackOff {
  readonly #repairs = new Map<string, Repair>();

  /** Takes note that `action` put right what somebody else had done. Returns when it may be done again. */
  noteRepair(action: Action, nowMs: number, random: Random): number {
    this.#forgetOld(nowMs);
    const key = keyOf(action);
    const before = this.#repairs.get(key);
    const timesMs = [...(before?.timesMs ?? []).filter((atMs) => atMs > nowMs - WINDOW_MS), nowMs];
    const isWar = timesMs.length >= REPAIRS_OF_A_WAR || (before?.pause.failures ?? 0) > 0;
    const pause = isWar ? backOffAfter(before?.pause ?? NO_BACK_OFF, nowMs, random, PAUSES) : NO_BACK_OFF;
    if (before === undefined && this.#repairs.size >= MAX_REPAIRS) return nowMs;
    this.#repairs.set(key, { object: objectOf(action), timesMs: timesMs.slice(-REPAIRS_OF_A_WAR), pause });
    return Math.max(nowMs, pause.untilMs);
  }

  /** Until when these writes are to wait, because each of them is undone again and again; -Infinity for not at all. */
  backOffUntilMs(actions: readonly Action[], nowMs: number): number {
    const untilMs = actions.map((action) => this.#repairs.get(keyOf(action))?.pause.untilMs ?? -Infinity);
    const earliestMs = Math.min(...untilMs);
    return untilMs.length > 0 && earliestMs > nowMs ? earliestMs : Number.NEGATIVE_INFINITY;
  }

  /** Whether what is seen of that object says nothing new, because its repair is waiting. */
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

/** What others put beside ours comes back under ever new names. */
function objectOf({ verb, kind, name }: Action): string {
  return verb === 'delete' ? `${kind}/*` : `${kind}/${name}`;
}

/** The same for writes that put the same fields of the same object back to the same values. */
function keyOf(action: Action): string {
  const object = `${action.verb} ${objectOf(action)}`;
  if (action.verb === 'delete') return `${object} ${action.reason}`;
  if (action.verb === 'create') return `${object} ${JSON.stringify(action.body)}`;
  return `${object} ${JSON.stringify(action.changes.map(({ path, to }) => [path, to]))}`;
}
