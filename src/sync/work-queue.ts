import { sourceKey } from '../endpoint/candidate.ts';
import type { Clock } from '../time/clock.ts';
import type { Signal } from '../time/signal.ts';
import type { CheckSet } from './check-set.ts';
import type { ObjectEvent, TargetRecord } from './target-record.ts';

/** Changes that come within this time of one another are decided together: one guard over one moment. */
const COALESCE_MS = 20;

/** How often what is contended is looked at. */
const CONFLICT_REREAD_MS = 5_000;

/**
 * Which entries are to be decided, and when. An entry is marked when something about it may have changed, and again
 * by time alone when it said so; marked ten times it is decided once.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #checks: CheckSet;
  readonly #signal: Signal;
  readonly #queued = new Set<TargetRecord>();
  /** No entry changes by time alone before then. */
  #earliestChangeMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, checks: CheckSet, signalled: Signal) {
    this.#clock = clock;
    this.#checks = checks;
    this.#signal = signalled;
  }

  add(record: TargetRecord): void {
    record.dirtySinceMs ??= this.#clock.monotonicNow();
    this.#queued.add(record);
    this.#signal.notify();
  }

  /** One of its objects was seen to be other than it was. */
  addSeen(record: TargetRecord, { object, deleted }: ObjectEvent): void {
    const nowMs = this.#clock.monotonicNow();
    if (deleted || !record.conflicts.isBackingOff(object.kind, object.metadata.name, nowMs)) {
      this.add(record);
      return;
    }
    // To read it each time that somebody writes would be their war at the API server's expense.
    record.requeueAtMs = Math.min(record.requeueAtMs, nowMs + CONFLICT_REREAD_MS);
    this.noteTimer(record);
  }

  /** It is being decided, or there is nothing to decide about it. */
  remove(record: TargetRecord): void {
    this.#queued.delete(record);
    record.dirtySinceMs = undefined;
  }

  /** What it says of when time alone will change something has been set. */
  noteTimer({ nextChangeAtMs, requeueAtMs }: TargetRecord): void {
    this.#earliestChangeMs = Math.min(this.#earliestChangeMs, nextChangeAtMs, requeueAtMs);
  }

  /** Marks what time alone brings about: holds that end, and looking again at what others stood in the way of. */
  promoteDueTimers(records: Iterable<TargetRecord>, nowMs: number): void {
    if (nowMs < this.#earliestChangeMs) return;
    this.#earliestChangeMs = Number.POSITIVE_INFINITY;
    for (const record of records) {
      if (record.requeueAtMs <= nowMs) {
        record.existing = undefined;
        record.requeueAtMs = Number.POSITIVE_INFINITY;
        this.add(record);
      }
      if (record.nextChangeAtMs <= nowMs) {
        record.nextChangeAtMs = Number.POSITIVE_INFINITY;
        this.add(record);
      }
      this.noteTimer(record);
    }
  }

  /** Nobody has said yet that what no list names is to go. */
  dropUnlisted(): void {
    for (const record of this.#queued) if (record.target === undefined) this.remove(record);
  }

  dueAt(nowMs: number): TargetRecord[] {
    const isLookingAround = this.#isLookingAround;
    return [...this.#queued].filter((record) => {
      return !record.busy && !(isLookingAround && isToGo(record)) && this.#dueAtMs(record) <= nowMs;
    });
  }

  /** When the next entry is due, those that must be read first no sooner than `readableAtMs`; Infinity for never. */
  nextDueAtMs(readableAtMs: number): number {
    let earliest = this.#earliestChangeMs;
    const isLookingAround = this.#isLookingAround;
    for (const record of this.#queued) {
      // Whoever has read what it waits for calls.
      if (record.busy || (isLookingAround && isToGo(record))) continue;
      const dueAtMs = this.#dueAtMs(record);
      earliest = Math.min(
        earliest,
        record.existing === undefined ? Math.max(dueAtMs, readableAtMs) : dueAtMs,
      );
    }
    return earliest;
  }

  /** How many wait, and for how long the oldest has. */
  get waiting(): { readonly count: number; readonly oldestAgeMs: number } {
    const nowMs = this.#clock.monotonicNow();
    let oldestMs = nowMs;
    for (const { dirtySinceMs = nowMs } of this.#queued) oldestMs = Math.min(oldestMs, dirtySinceMs);
    return { count: this.#queued.size, oldestAgeMs: nowMs - oldestMs };
  }

  /**
   * What exists under some name has never been known yet, and is about to be. How much leaves the list, and of how much,
   * is not known until then.
   */
  get #isLookingAround(): boolean {
    return [...this.#queued].some(
      ({ existing, existingBefore, backOff }) =>
        existing === undefined && existingBefore === undefined && backOff.failures === 0,
    );
  }

  #dueAtMs(record: TargetRecord): number {
    const graceUntilMs = this.#isComplete(record) ? Number.NEGATIVE_INFINITY : record.initialGraceUntilMs;
    return Math.max((record.dirtySinceMs ?? 0) + COALESCE_MS, record.backOff.untilMs, graceUntilMs);
  }

  /** Every name has been answered once and every check has a verdict. */
  #isComplete({ key, target, answers }: TargetRecord): boolean {
    if (target === undefined) return true;
    const isAnswered = target.endpoints.every(
      (source) => source.kind === 'address' || answers.has(sourceKey(source)),
    );
    return isAnswered && this.#checks.haveVerdicts(key);
  }
}

function isToGo({ target, existing }: TargetRecord): boolean {
  return target === undefined && existing !== undefined;
}
