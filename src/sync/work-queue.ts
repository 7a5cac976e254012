import { sourceKey } from '../endpoint/candidate.ts';
import type { Clock } from '../time/clock.ts';
import type { WakeUp } from '../time/signal.ts';
import type { CheckSet } from './check-set.ts';
import type { ObjectSighting, TargetEntry } from './target-record.ts';

/** Changes that come within this time of one another are decided together: one guard over one moment. */
const COALESCE_MS = 20;

/** How often what is contended is looked at. */
const CONTENDED_LOOK_MS = 5_000;

/**
 * Which entries are to be decided, and when. An entry is marked when something about it may have changed, and again
 * by time alone when it said so; marked ten times it is decided once.
 */
export class Agenda {
  readonly #clock: Clock;
  readonly #checks: CheckSet;
  readonly #wakeUp: WakeUp;
  readonly #marked = new Set<TargetEntry>();
  /** No entry changes by time alone before then. */
  #earliestChangeMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, checks: CheckSet, wakeUp: WakeUp) {
    this.#clock = clock;
    this.#checks = checks;
    this.#wakeUp = wakeUp;
  }

  mark(entry: TargetEntry): void {
    entry.dirtySinceMs ??= this.#clock.monotonicNow();
    this.#marked.add(entry);
    this.#wakeUp.call();
  }

  /** One of its objects was seen to be other than it was. */
  markSeen(entry: TargetEntry, { object, deleted }: ObjectSighting): void {
    const nowMs = this.#clock.monotonicNow();
    if (deleted || !entry.contention.isHeld(object.kind, object.metadata.name, nowMs)) {
      this.mark(entry);
      return;
    }
    // To read it each time that somebody writes would be their war at the API server's expense.
    entry.recheckAtMs = Math.min(entry.recheckAtMs, nowMs + CONTENDED_LOOK_MS);
    this.noteAppointment(entry);
  }

  /** It is being decided, or there is nothing to decide about it. */
  strike(entry: TargetEntry): void {
    this.#marked.delete(entry);
    entry.dirtySinceMs = undefined;
  }

  /** What it says of when time alone will change something has been set. */
  noteAppointment({ nextChangeAtMs, recheckAtMs }: TargetEntry): void {
    this.#earliestChangeMs = Math.min(this.#earliestChangeMs, nextChangeAtMs, recheckAtMs);
  }

  /** Marks what time alone brings about: holds that end, and looking again at what others stood in the way of. */
  keepAppointments(entries: Iterable<TargetEntry>, nowMs: number): void {
    if (nowMs < this.#earliestChangeMs) return;
    this.#earliestChangeMs = Number.POSITIVE_INFINITY;
    for (const entry of entries) {
      if (entry.recheckAtMs <= nowMs) {
        entry.existing = undefined;
        entry.recheckAtMs = Number.POSITIVE_INFINITY;
        this.mark(entry);
      }
      if (entry.nextChangeAtMs <= nowMs) {
        entry.nextChangeAtMs = Number.POSITIVE_INFINITY;
        this.mark(entry);
      }
      this.noteAppointment(entry);
    }
  }

  /** Nobody has said yet that what no list names is to go. */
  spareUnlisted(): void {
    for (const entry of this.#marked) if (entry.target === undefined) this.strike(entry);
  }

  dueAt(nowMs: number): TargetEntry[] {
    const isLookingAround = this.#isLookingAround;
    return [...this.#marked].filter((entry) => {
      return !entry.busy && !(isLookingAround && isToGo(entry)) && this.#dueAtMs(entry) <= nowMs;
    });
  }

  /** When the next entry is due, those that must be read first no sooner than `readableAtMs`; Infinity for never. */
  nextDueAtMs(readableAtMs: number): number {
    let earliest = this.#earliestChangeMs;
    const isLookingAround = this.#isLookingAround;
    for (const entry of this.#marked) {
      // Whoever has read what it waits for calls.
      if (entry.busy || (isLookingAround && isToGo(entry))) continue;
      const dueAtMs = this.#dueAtMs(entry);
      earliest = Math.min(earliest, entry.existing === undefined ? Math.max(dueAtMs, readableAtMs) : dueAtMs);
    }
    return earliest;
  }

  /** How many wait, and for how long the oldest has. */
  get waiting(): { readonly count: number; readonly oldestAgeMs: number } {
    const nowMs = this.#clock.monotonicNow();
    let oldestMs = nowMs;
    for (const { dirtySinceMs = nowMs } of this.#marked) oldestMs = Math.min(oldestMs, dirtySinceMs);
    return { count: this.#marked.size, oldestAgeMs: nowMs - oldestMs };
  }

  /**
   * What exists under some name has never been known yet, and is about to be. How much leaves the list, and of how much,
   * is not known until then.
   */
  get #isLookingAround(): boolean {
    return [...this.#marked].some(
      ({ existing, existingBefore, backOff }) =>
        existing === undefined && existingBefore === undefined && backOff.failures === 0,
    );
  }

  #dueAtMs(entry: TargetEntry): number {
    const patienceMs = this.#isComplete(entry) ? Number.NEGATIVE_INFINITY : entry.patienceUntilMs;
    return Math.max((entry.dirtySinceMs ?? 0) + COALESCE_MS, entry.backOff.untilMs, patienceMs);
  }

  /** Every name has been answered once and every check has a verdict. */
  #isComplete({ key, target, answers }: TargetEntry): boolean {
    if (target === undefined) return true;
    const isAnswered = target.endpoints.every(
      (source) => source.kind === 'address' || answers.has(sourceKey(source)),
    );
    return isAnswered && this.#checks.haveVerdicts(key);
  }
}

function isToGo({ target, existing }: TargetEntry): boolean {
  return target === undefined && existing !== undefined;
}
