import type { ServiceRanges } from '../cluster/service-ranges.ts';
import { changesNothing, type TargetDecision } from '../decide/decide.ts';
import { DEFAULT_GUARDS, type Guards } from '../model/guards.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import { type Clock, instantOf } from '../time/clock.ts';
import { TimeSlice } from '../time/time-slice.ts';
import type { ApplyQueue } from './apply-queue.ts';
import type { Decider, RecordDecision, RecordDecisions } from './decider.ts';
import type { Metrics } from './metrics.ts';
import type { Observer } from './observer.ts';
import type { Policy } from './policy.ts';
import { requeueAfterWait, requeueAtMs } from './requeue.ts';
import type { StatusRecorder } from './status-recorder.ts';
import type { TargetReader } from './target-reader.ts';
import type { TargetRecord } from './target-record.ts';
import type { TargetRegistry } from './target-registry.ts';
import type { WorkQueue } from './work-queue.ts';

export interface ReconcilerParts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly policy: Policy;
  /** Decides either way; hands plans on only while this says yes, as it did when the round began. */
  readonly isLeader: () => boolean;
  readonly registry: TargetRegistry;
  readonly queue: WorkQueue;
  readonly observer: Observer;
  readonly reader: TargetReader;
  readonly ranges: ServiceRanges;
  readonly decider: Decider;
  readonly recorder: StatusRecorder;
  readonly applyQueue: ApplyQueue;
  /** Every kind in scope was read completely once. */
  readonly isScopeRead: () => boolean;
  readonly onDecided: (decisions: readonly RecordDecision[]) => void;
  /** The record is no longer being decided, and nothing is written for it. */
  readonly onRest: (record: TargetRecord) => void;
}

/** Reconciles the records that are due: reads their objects, decides them together, and enqueues the plans. */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  #guards: Guards | undefined;
  #isListComplete = false;
  #hasNoStateStore = false;
  #isLeading = false;
  /** Records of the first list that were not observed yet. */
  #unobserved: Set<TargetRecord> | undefined;
  #drainGraceUntilMs = Number.POSITIVE_INFINITY;
  #gates = { everythingObserved: false, everythingRead: false };

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
  }

  /** @param isComplete false while parts of the list have yet to be read: what it lacks has not left it then. */
  setList(guards: Guards, isComplete: boolean): void {
    const { clock, policy, registry } = this.#parts;
    if (this.#unobserved === undefined) {
      this.#unobserved = new Set([...registry.records.values()].filter(({ target }) => target !== undefined));
      this.#drainGraceUntilMs = clock.monotonicNow() + policy.drainGraceMs;
    }
    this.#guards = guards;
    this.#isListComplete = isComplete;
  }

  get hasList(): boolean {
    return this.#guards !== undefined;
  }

  /** There is no place to keep state in. */
  setHasNoStateStore(hasNoStateStore: boolean): void {
    this.#hasNoStateStore = hasNoStateStore;
  }

  /**
   * Whether this process leads from now on. It did not write what it decided while another one led, and did not know
   * what that one knew: a new leader decides everything again.
   */
  setLeading(isLeading: boolean): void {
    const { queue, registry } = this.#parts;
    if (isLeading && !this.#isLeading) for (const record of registry.records.values()) queue.add(record);
    this.#isLeading = isLeading;
  }

  get isLeading(): boolean {
    return this.#isLeading;
  }

  /** Its objects cannot be read, so it does not hold up the others' gates. */
  noteUnreadable(record: TargetRecord): void {
    this.#unobserved?.delete(record);
    this.#parts.queue.notify();
  }

  /** When the record's gate opens, on the monotonic clock; Infinity: not by time alone. */
  opensAtMs(record: TargetRecord): number {
    const { everythingObserved, everythingRead } = this.#gates;
    switch (record.gate) {
      case undefined:
        return Number.NEGATIVE_INFINITY;
      case 'observed':
        return this.#isObserved(record) ? Number.NEGATIVE_INFINITY : record.initialGraceUntilMs;
      case 'everythingObserved':
        return everythingObserved ? Number.NEGATIVE_INFINITY : this.#drainGraceUntilMs;
      case 'everythingRead':
        if (!everythingRead) return Number.POSITIVE_INFINITY;
        return everythingObserved ? Number.NEGATIVE_INFINITY : this.#drainGraceUntilMs;
    }
  }

  /** One round. Waits for no read or write; a long round yields to the event loop. */
  async reconcileDue(signal: AbortSignal): Promise<void> {
    const { applyQueue, clock, queue, reader, registry } = this.#parts;
    if (!this.hasList) return;
    const nowMs = clock.monotonicNow();
    queue.promoteDueTimers(registry.records.values(), nowMs);
    if (this.#readableAtMs <= nowMs) {
      const unread = queue.unread(nowMs);
      if (unread.length > 0) reader.start(unread, applyQueue.serverAway.isSo, signal);
    }
    this.#updateGates(nowMs);
    const due = queue.ready(nowMs);
    if (due.length > 0) await this.#decide(due, signal);
    applyQueue.pump();
  }

  /** When there will be something to do again, if nothing happens before; Infinity for never. */
  get nextRoundAtMs(): number {
    const { applyQueue, queue } = this.#parts;
    if (!this.hasList) return Number.POSITIVE_INFINITY;
    return Math.min(queue.nextDueAtMs(this.#readableAtMs), applyQueue.nextTurnAtMs);
  }

  /** While the server takes no writes, reads wait until it may be back, too. */
  get #readableAtMs(): number {
    const { applyQueue, reader } = this.#parts;
    return Math.max(reader.readyAtMs, applyQueue.serverAway.untilMs);
  }

  #isObserved(record: TargetRecord): boolean {
    const { clock, observer } = this.#parts;
    return observer.isObserved(record) || clock.monotonicNow() >= record.initialGraceUntilMs;
  }

  #updateGates(nowMs: number): void {
    const { isScopeRead, queue } = this.#parts;
    const before = this.#gates;
    const everythingObserved = this.#unobserved?.size === 0 || nowMs >= this.#drainGraceUntilMs;
    const everythingRead = this.#isListComplete && isScopeRead() && !queue.isReadingFirst;
    this.#gates = { everythingObserved, everythingRead };
    const hasOpened =
      (everythingObserved && !before.everythingObserved) || (everythingRead && !before.everythingRead);
    if (hasOpened) queue.openGates();
  }

  /** All are decided as of one moment. A record that changes meanwhile is added again. */
  async #decide(records: readonly TargetRecord[], signal: AbortSignal): Promise<void> {
    const { clock, decider, metrics, observer, onDecided, onRest, queue, ranges, reader } = this.#parts;
    queue.take(records);
    const now = instantOf(clock);
    const guards = this.#guards ?? DEFAULT_GUARDS;
    const deciding = decider.decide(records, {
      now,
      guards: ranges.cidrs === undefined ? guards : { ...guards, serviceCidrs: ranges.cidrs },
      hasNoStateStore: this.#hasNoStateStore,
      referenceReachable: reader.isServerReachable,
      lastSuccessfulProbeMs: observer.lastSuccessfulProbeMs,
      otherHostSeenMs: (addresses) => observer.otherHostSeenMs(addresses),
      ...this.#gates,
      isObserved: (record) => this.#isObserved(record),
    });
    const slice = new TimeSlice(clock, signal);
    let step = deciding.next();
    for (; !step.done; step = deciding.next()) if (slice.isSpent()) await slice.yieldToEventLoop();
    const result = step.value;
    metrics.decided(result.decisions.length);
    this.#postpone(records, result);
    for (const decision of result.decisions) {
      this.#handOn(decision, now.monotonicMs);
      if (slice.isSpent()) await slice.yieldToEventLoop();
    }
    for (const record of records) if (!record.isBusy) onRest(record);
    onDecided(result.decisions);
  }

  /** Records without a decision: they wait for something, or have left the registry. */
  #postpone(records: readonly TargetRecord[], { decisions, postponed }: RecordDecisions): void {
    const { queue } = this.#parts;
    const open = new Set(records);
    for (const { record } of decisions) open.delete(record);
    for (const { record, until } of postponed) {
      open.delete(record);
      if (until === 'readAgain') record.readAgain();
      else record.postpone(until);
      queue.track(record);
    }
    for (const record of open) record.keepDecision(undefined);
    const waiting = new Set(
      postponed.filter(({ until }) => until === 'observed').map(({ record }) => record),
    );
    for (const record of records) if (!waiting.has(record)) this.#unobserved?.delete(record);
    if (this.#unobserved?.size === 0 && !this.#gates.everythingObserved) this.#parts.queue.notify();
  }

  #handOn({ record, decided }: RecordDecision, nowMs: number): void {
    const { applyQueue, isLeader, policy, queue, recorder } = this.#parts;
    const { plan } = decided;
    const decision: TargetDecision | undefined = 'target' in decided ? decided : undefined;
    if (decision !== undefined) {
      record.readyAddresses = decision.readyAddresses;
      record.nextChangeAtMs = decision.nextChangeAtMs;
    }
    const backOffUntilMs = record.conflicts.backOffUntilMs(plan.actions, nowMs);
    const isBackingOff = backOffUntilMs > nowMs;
    record.requeueAtMs = isBackingOff ? backOffUntilMs : requeueAtMs(record, changesNothing(plan), nowMs);
    if (isBackingOff) {
      record.keepDecision(decision);
      recorder.recordBackingOff(record, decided);
    } else if (plan.actions.length === 0) {
      this.#rest(record, decided, decision, nowMs);
    } else if (policy.writes === 'none') {
      record.keepDecision(decision);
      recorder.recordPlanned(record, decided);
    } else if (this.#isLeading && isLeader()) {
      applyQueue.enqueue(record, decided, nowMs);
    } else {
      record.keepDecision(decision);
    }
    queue.noteTimer(record);
    queue.track(record);
  }

  /** There is nothing to write, now or until something comes true. */
  #rest(
    record: TargetRecord,
    decided: TargetDecision | TargetPlan,
    decision: TargetDecision | undefined,
    nowMs: number,
  ): void {
    const { policy, recorder } = this.#parts;
    const until = decided.plan.continuation?.until;
    const mayWait = policy.writes === 'whileLeading' && this.#isLeading;
    if (until === undefined || until === 'ServiceRead' || !mayWait) {
      recorder.recordUnchanged(record, decided);
      record.keepDecision(decision);
      return;
    }
    record.keepWaiting(until, decision, nowMs);
    requeueAfterWait(record, decided, this.#parts, nowMs);
  }
}
