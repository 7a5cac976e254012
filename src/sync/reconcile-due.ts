import type { ServiceRanges } from '../cluster/service-ranges.ts';
import { DEFAULT_GUARDS, type Guards } from '../model/guards.ts';
import { type Clock, instantOf } from '../time/clock.ts';
import { TimeSlice } from '../time/time-slice.ts';
import type { ApplyQueue } from './apply-queue.ts';
import type { Decider, RecordDecision } from './decider.ts';
import type { Metrics } from './metrics.ts';
import type { Observer } from './observer.ts';
import { requeueAtMs } from './requeue.ts';
import type { StatusRecorder } from './status-recorder.ts';
import type { TargetReader } from './target-reader.ts';
import type { TargetRecord } from './target-record.ts';
import type { TargetRegistry } from './target-registry.ts';
import type { WorkQueue } from './work-queue.ts';

export interface RoundsParts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Decides from knowledge either way; hands plans on only while this says yes, as it did when the round began. */
  readonly isLeader: () => boolean;
  readonly registry: TargetRegistry;
  readonly queue: WorkQueue;
  readonly observer: Observer;
  readonly reader: TargetReader;
  readonly ranges: ServiceRanges;
  readonly decider: Decider;
  readonly recorder: StatusRecorder;
  readonly applyQueue: ApplyQueue;
  readonly onDecided: () => void;
}

/** Goes through what is due: reads what has to be read, decides the rest, and hands on what there is to write. */
export class Rounds {
  readonly #parts: RoundsParts;
  #guards: Guards | undefined;
  #isComplete = false;
  #stateless = false;
  #leading = false;

  constructor(parts: RoundsParts) {
    this.#parts = parts;
  }

  /** @param isComplete false while parts of the list have yet to be read: what it lacks has not left it then. */
  setList(guards: Guards, isComplete: boolean): void {
    this.#guards = guards;
    this.#isComplete = isComplete;
  }

  get hasList(): boolean {
    return this.#guards !== undefined;
  }

  /** There is no place to keep state in. */
  setHasNoStateStore(hasNoStateStore: boolean): void {
    this.#stateless = hasNoStateStore;
  }

  /**
   * Whether this process leads in the rounds to come. What was decided while another led was not written by us, nor with
   * what that one knew: all of it is looked at when we do.
   */
  setLeading(leads: boolean): void {
    const { queue, registry } = this.#parts;
    if (leads && !this.#leading) for (const record of registry.records.values()) queue.add(record);
    this.#leading = leads;
  }

  get isLeading(): boolean {
    return this.#leading;
  }

  /** One look at everything that is due. Waits for nobody; but where there is much, others have their turn meanwhile. */
  async goRound(signal: AbortSignal): Promise<void> {
    const { queue, registry, applyQueue, clock, reader } = this.#parts;
    if (!this.hasList) return;
    const nowMs = clock.monotonicNow();
    queue.promoteDueTimers(registry.records.values(), nowMs);
    if (!this.#isComplete) queue.dropUnlisted();
    const due = queue.dueAt(nowMs);
    const unread = due.filter(({ existing }) => existing === undefined);
    if (unread.length > 0 && this.#readableAtMs <= nowMs) {
      reader.start(unread, applyQueue.serverAway.isSo, signal);
    }
    const ready = due.filter(({ existing }) => existing !== undefined);
    if (ready.length > 0) await this.#decide(ready, signal);
    applyQueue.pump();
  }

  /** When there will be something to do again, if nothing happens before; Infinity for never. */
  get nextRoundAtMs(): number {
    const { queue, applyQueue } = this.#parts;
    if (!this.hasList) return Number.POSITIVE_INFINITY;
    return Math.min(queue.nextDueAtMs(this.#readableAtMs), applyQueue.nextTurnAtMs);
  }

  /** A server that takes no writes is not asked what there is either, until it may be back. */
  get #readableAtMs(): number {
    const { applyQueue, reader } = this.#parts;
    return Math.max(reader.readyAtMs, applyQueue.serverAway.untilMs);
  }

  /** What changes about an entry while all are decided brings it back: it is decided as of one moment. */
  async #decide(records: readonly TargetRecord[], signal: AbortSignal): Promise<void> {
    const { queue, clock, decider, observer, metrics, onDecided, ranges, reader } = this.#parts;
    for (const record of records) {
      record.decidedForMs = record.dirtySinceMs ?? 0;
      queue.remove(record);
    }
    const now = instantOf(clock);
    const deciding = decider.decide(records, {
      now,
      guards: { ...(this.#guards ?? DEFAULT_GUARDS), serviceCidrs: ranges.cidrs },
      hasNoStateStore: this.#stateless,
      referenceReachable: reader.isServerReachable,
      lastSuccessfulProbeMs: observer.lastSuccessfulProbeMs,
    });
    const pace = new TimeSlice(clock, signal);
    let step = deciding.next();
    for (; !step.done; step = deciding.next()) if (pace.isSpent()) await pace.yieldToEventLoop();
    const { decisions, tooEarly } = step.value;
    metrics.decided(decisions.length);
    // Their verdicts, or the end of their patience, bring them back.
    for (const record of tooEarly) queue.add(record);
    for (const decision of decisions) {
      this.#handOn(decision, now.monotonicMs);
      if (pace.isSpent()) await pace.yieldToEventLoop();
    }
    onDecided();
  }

  #handOn({ record, decided }: RecordDecision, nowMs: number): void {
    const { queue, applyQueue, isLeader, recorder } = this.#parts;
    const { plan } = decided;
    const backOffUntilMs = record.conflicts.backOffUntilMs(plan.actions, nowMs);
    const isBackingOff = backOffUntilMs > nowMs;
    record.requeueAtMs = isBackingOff ? backOffUntilMs : requeueAtMs(record, plan, nowMs);
    queue.noteTimer(record);
    if (isBackingOff) recorder.recordBackingOff(record, decided);
    else if (plan.actions.length === 0 && plan.continuation === undefined)
      recorder.recordUnchanged(record, decided);
    else if (this.#leading && isLeader()) applyQueue.enqueue(record, decided, nowMs);
  }
}
