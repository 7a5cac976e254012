import type { Clock } from '../time/clock.ts';
import type { Signal } from '../time/signal.ts';
import type { ObjectEvent, TargetRecord } from './target-record.ts';

/** Changes that come within this time of one another are decided together: one guard over one moment. */
const COALESCE_MS = 20;

/** How often objects are read again that another writer keeps changing back. */
const CONFLICT_REREAD_MS = 5_000;

/** When a postponed record may be decided, on the monotonic clock; Infinity: not by time alone. */
export type OpensAtMs = (record: TargetRecord) => number;

/**
 * Which records are to be decided, and when. A record is added when something about it may have changed, and again
 * by time alone when it said so; added ten times, it is decided once.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #signal: Signal;
  readonly #opensAtMs: OpensAtMs;
  readonly #queued = new Set<TargetRecord>();
  /** Records that wait for a gate. They are skipped until they are added again or the gate opens. */
  readonly #parked = new Set<TargetRecord>();
  /** No gate opens by time alone before then. */
  #earliestOpenMs = Number.POSITIVE_INFINITY;
  /** No record changes by time alone before then. */
  #earliestTimerMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, signal: Signal, opensAtMs: OpensAtMs) {
    this.#clock = clock;
    this.#signal = signal;
    this.#opensAtMs = opensAtMs;
  }

  add(record: TargetRecord): void {
    record.add(this.#clock.monotonicNow());
    this.track(record);
  }

  /** The record has asked for its turn itself. */
  track(record: TargetRecord): void {
    if (record.dirtySinceMs === undefined) return;
    this.#parked.delete(record);
    this.#queued.add(record);
    this.#signal.notify();
  }

  /** Something that records wait for has changed. */
  notify(): void {
    this.#signal.notify();
  }

  /** One of its objects differs from what was known. */
  addSeen(record: TargetRecord, { object, deleted }: ObjectEvent): void {
    const nowMs = this.#clock.monotonicNow();
    if (deleted || !record.conflicts.isBackingOff(object.kind, object.metadata.name, nowMs)) {
      this.add(record);
      return;
    }
    // Reading it at each change would carry the conflict on at the API server's expense.
    record.requeueAtMs = Math.min(record.requeueAtMs, nowMs + CONFLICT_REREAD_MS);
    this.noteTimer(record);
  }

  /** Nothing is to be decided about it. */
  remove(record: TargetRecord): void {
    this.#queued.delete(record);
    this.#parked.delete(record);
    record.remove();
  }

  /** Takes the records out for a decision. */
  take(records: readonly TargetRecord[]): void {
    for (const record of records) {
      this.#queued.delete(record);
      record.startDecision();
    }
  }

  /** One of the record's timers was set. */
  noteTimer({ nextChangeAtMs, requeueAtMs }: TargetRecord): void {
    this.#earliestTimerMs = Math.min(this.#earliestTimerMs, nextChangeAtMs, requeueAtMs);
  }

  /** Adds the records whose timer is due: a hold that ended, or objects to be read again. */
  promoteDueTimers(records: Iterable<TargetRecord>, nowMs: number): void {
    if (nowMs < this.#earliestTimerMs) return;
    this.#earliestTimerMs = Number.POSITIVE_INFINITY;
    for (const record of records) {
      if (record.requeueAtMs <= nowMs) {
        record.requeueAtMs = Number.POSITIVE_INFINITY;
        record.invalidate();
        this.add(record);
      }
      if (record.nextChangeAtMs <= nowMs) {
        record.nextChangeAtMs = Number.POSITIVE_INFINITY;
        this.add(record);
      }
      this.noteTimer(record);
    }
  }

  /** To be read now. */
  unread(nowMs: number): TargetRecord[] {
    return [...this.#queued].filter(
      (record) => record.state === 'queued' && this.#readableAtMs(record) <= nowMs,
    );
  }

  /** To be decided now. */
  ready(nowMs: number): TargetRecord[] {
    if (nowMs >= this.#earliestOpenMs) this.openGates();
    const due: TargetRecord[] = [];
    for (const record of this.#queued) {
      if (record.state !== 'ready' || this.#readableAtMs(record) > nowMs) continue;
      const opensAtMs = record.gate === undefined ? nowMs : this.#opensAtMs(record);
      if (opensAtMs <= nowMs) due.push(record);
      else this.#park(record, opensAtMs);
    }
    return due;
  }

  /** What the gates wait for may have come. */
  openGates(): void {
    this.#earliestOpenMs = Number.POSITIVE_INFINITY;
    for (const record of this.#parked) this.#queued.add(record);
    this.#parked.clear();
  }

  /** When the next record is due, those to be read no sooner than `readableAtMs`; Infinity for never. */
  nextDueAtMs(readableAtMs: number): number {
    let earliest = Math.min(this.#earliestTimerMs, this.#earliestOpenMs);
    for (const record of this.#queued) {
      // A busy record comes back by itself.
      if (record.isBusy) continue;
      const dueAtMs = this.#readableAtMs(record);
      earliest = Math.min(earliest, record.state === 'queued' ? Math.max(dueAtMs, readableAtMs) : dueAtMs);
    }
    return earliest;
  }

  /** How many wait, and for how long the oldest has. */
  get waiting(): { readonly count: number; readonly oldestAgeMs: number } {
    const nowMs = this.#clock.monotonicNow();
    let oldestMs = nowMs;
    for (const queued of [this.#queued, this.#parked]) {
      for (const { dirtySinceMs = nowMs } of queued) oldestMs = Math.min(oldestMs, dirtySinceMs);
    }
    return { count: this.#queued.size + this.#parked.size, oldestAgeMs: nowMs - oldestMs };
  }

  /** Some record was never read, and no read of it has failed: how much is ours is not known until then. */
  get isReadingFirst(): boolean {
    for (const { existing, lastKnown, backOff } of this.#queued) {
      if (existing === undefined && lastKnown === undefined && backOff.failures === 0) return true;
    }
    return false;
  }

  /** Nothing is queued. */
  get isEmpty(): boolean {
    return this.#queued.size === 0 && this.#parked.size === 0;
  }

  #readableAtMs(record: TargetRecord): number {
    return Math.max((record.dirtySinceMs ?? 0) + COALESCE_MS, record.backOff.untilMs);
  }

  #park(record: TargetRecord, opensAtMs: number): void {
    this.#queued.delete(record);
    this.#parked.add(record);
    this.#earliestOpenMs = Math.min(this.#earliestOpenMs, opensAtMs);
  }
}
