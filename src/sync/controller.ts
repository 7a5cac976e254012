import type { EventSink } from '../cluster/event-sink.ts';
import { fencedStore } from '../cluster/fenced-store.ts';
import type { ListScope, ObjectStore } from '../cluster/object-store.ts';
import { ServiceRanges } from '../cluster/service-ranges.ts';
import type { TargetList } from '../config/target-list.ts';
import type { DecideOptions } from '../decide/decide.ts';
import type { TimedResolver } from '../dns/resolver.ts';
import { HealthMemory } from '../health/memory.ts';
import type { Prober } from '../health/probe.ts';
import type { KubeObject } from '../manifest/kube-object.ts';
import type { Log } from '../model/log.ts';
import { type SavedStates, type SyncState, targetState, unionOf } from '../state/sync-state.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { Signal } from '../time/signal.ts';
import { afterApply } from './after-apply.ts';
import { ApplyQueue } from './apply-queue.ts';
import { Decider, type RecordDecision } from './decider.ts';
import { DriftDetector } from './drift-detector.ts';
import { ListLedger } from './list-ledger.ts';
import type { Metrics } from './metrics.ts';
import { Observer, type OnProgress } from './observer.ts';
import type { Policy } from './policy.ts';
import { Reconciler } from './reconciler.ts';
import { StatusRecorder } from './status-recorder.ts';
import type { TargetReport } from './sync-report.ts';
import { TargetReader } from './target-reader.ts';
import type { ObjectEvent, TargetRecord } from './target-record.ts';
import { TargetRegistry } from './target-registry.ts';
import { WorkQueue } from './work-queue.ts';

export interface ControllerPorts {
  readonly store: ObjectStore;
  readonly resolver: TimedResolver;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly events: EventSink;
  /** Decides from knowledge either way; writes only while this says yes. */
  readonly isLeader: () => boolean;
}

export interface ControllerSettings {
  readonly policy: Policy;
  readonly options: DecideOptions;
  readonly maxProbesInFlight: number;
  /** Every kind in scope was read completely once, by a watch; absent: the controller reads the scope itself. */
  readonly isScopeRead?: () => boolean;
  readonly onProgress?: OnProgress;
  readonly onDecided?: (decisions: readonly RecordDecision[]) => void;
}

const NOT_DECIDED = {
  phase: 'Pending',
  reason: 'NotDecidedYet',
  message: 'names, addresses and what exists are not known yet',
} as const;

/**
 * Keeps the cluster true to a list: `decide()`, woken by what changes. One for `run`, `sync`, `plan` and `release`;
 * what they differ in is {@link Policy}.
 *
 *     list ─────────────┐
 *     DNS ──────┐       │                          ┌─ nothing to do: idle
 *     health ───┴ Observer ─▶ WorkQueue ─▶ Reconciler ─┤
 *     cluster ─── DriftDetector (coalesced) (decide)   └─ plan ─▶ ApplyQueue ─▶ StatusRecorder
 *     clock ────────────┘                                         (bounded)        │
 *        ▲                                                                         │
 *        └──────────── a conflict, a next step, a failure ◀────────────────────────┘
 */
export class Controller {
  readonly signal: Signal;
  readonly observer: Observer;
  readonly reader: TargetReader;
  readonly ranges: ServiceRanges;
  readonly applyQueue: ApplyQueue;
  readonly reconciler: Reconciler;
  readonly registry = new TargetRegistry();
  readonly policy: Policy;
  /** Notified when the state that outlives the process may differ from what it was. */
  onStateChange: () => void = () => undefined;
  readonly #ports: ControllerPorts;
  readonly #queue: WorkQueue;
  readonly #driftDetector: DriftDetector;
  readonly #decider: Decider;
  readonly #lists: ListLedger;
  readonly #recorder: StatusRecorder;
  readonly #writing = new AbortController();
  readonly #onProgress: OnProgress;
  #applied = 0;
  #hasReadAll = false;
  /** Until the first list is known. */
  #saved: SavedStates | undefined;
  #crash: { readonly error: unknown } | undefined;

  constructor(given: ControllerPorts, settings: ControllerSettings) {
    const ports = { ...given, store: fencedStore(given.store, given.isLeader) };
    const { clock } = ports;
    const { policy, options, maxProbesInFlight, onProgress = () => undefined, onDecided } = settings;
    const once = policy.mode === 'once';
    const { instance } = options;
    this.policy = policy;
    this.#ports = ports;
    this.#onProgress = onProgress;
    this.signal = new Signal(clock);
    this.observer = new Observer(ports, this.registry, {
      maxProbesInFlight,
      once,
      onNews: (record) => this.#queue.add(record),
      onVerdict: () => this.onStateChange(),
      onProgress,
    });
    this.#queue = new WorkQueue(clock, this.signal, (record) => this.reconciler.opensAtMs(record));
    this.#driftDetector = new DriftDetector(this.registry, instance, (record, event) =>
      this.#queue.addSeen(record, event),
    );
    this.#lists = new ListLedger(this.registry, options);
    const { checks } = this.observer;
    this.#decider = new Decider(this.registry, checks, this.#lists, { options, once });
    this.#recorder = new StatusRecorder(ports);
    const onCrash = (error: unknown) => this.fail(error);
    // Addresses may be the cluster's own by now, or no longer.
    this.ranges = new ServiceRanges(ports, { onChange: () => this.#addAll(), onCrash });
    const { isScopeRead } = settings;
    this.reader = new TargetReader(ports, this.registry, {
      instance,
      retries: policy.retries,
      readsScopeFirst: isScopeRead === undefined,
      onRead: (records, found) => this.#onRead(records, found),
      onUnreadable: (record, failure) => {
        this.#recorder.recordUnreadable(record, failure);
        this.reconciler.noteUnreadable(record);
      },
      onCrash,
    });
    this.applyQueue = new ApplyQueue(
      ports,
      {
        dryRun: policy.writes === 'dryRun',
        backsOff: policy.retries,
        onApplied: (record, result) => {
          afterApply(record, result, { ...ports, policy, queue: this.#queue, recorder: this.#recorder });
          this.#onApplied(record);
        },
        onOvertaken: (record) => this.#afterBusy(record),
        onCrash,
      },
      this.#writing.signal,
    );
    this.reconciler = new Reconciler({
      ...ports,
      policy,
      registry: this.registry,
      queue: this.#queue,
      observer: this.observer,
      reader: this.reader,
      ranges: this.ranges,
      decider: this.#decider,
      recorder: this.#recorder,
      applyQueue: this.applyQueue,
      isScopeRead: isScopeRead ?? (() => this.reader.hasReadScope),
      onDecided: (decisions) => {
        onDecided?.(decisions);
        this.onStateChange();
      },
      onRest: (record) => this.#driftDetector.replayDeferred(record),
    });
  }

  /**
   * Takes a list in: the first, or another. Targets that it does not change go on undisturbed.
   *
   * @param isComplete false while parts of the list have yet to be read: what it lacks has not left it then.
   */
  setList(list: TargetList, isComplete: boolean): void {
    // A deletion that was refused for the former list may be within the budget of this one.
    for (const record of this.registry.records.values())
      if (record.target === undefined) this.#queue.add(record);
    this.#lists.setLists(list.lists);
    const graceUntilMs = this.#ports.clock.monotonicNow() + this.policy.initialGraceMs;
    for (const record of this.registry.replaceTargets(list.targets, graceUntilMs)) {
      if (record.target === undefined) this.observer.checks.replace(record.key, []);
      this.#queue.add(record);
    }
    this.reconciler.setList(list.guards, isComplete);
    this.#recallFirst();
    this.observer.followNames();
    this.signal.notify();
  }

  /** Gives these Services back instead of following a list. */
  setReleases(
    services: readonly { readonly namespace: string; readonly name: string }[],
    release: NonNullable<TargetRecord['release']>,
    guards: TargetList['guards'],
  ): void {
    for (const { namespace, name } of services) {
      const record = this.registry.recordFor(namespace, name);
      record.release = release;
      this.#queue.add(record);
    }
    this.reconciler.setList(guards, false);
  }

  /** Reads everything that is ours and every object under a name of the list, at once. */
  readScope(signal: AbortSignal): void {
    this.reader.start(this.#queue.unread(Number.POSITIVE_INFINITY), false, signal);
  }

  /** Something of ours, or under a name of the list, was seen in the cluster. */
  onObjectEvent(event: ObjectEvent): void {
    this.#driftDetector.take(event);
  }

  /** All objects of a kind within a scope: a known object that is not among them was deleted. */
  onRelist(kind: string, scope: ListScope, items: readonly KubeObject[]): void {
    this.#driftDetector.onRelist(kind, scope, items);
    // With the last kind of the scope, what left the list may be decided.
    this.signal.notify();
  }

  /** Leadership came or went. */
  onLeadership(): void {
    this.signal.notify();
  }

  /** Everything is read and decided again. */
  resync(): void {
    this.ranges.expire();
    for (const record of this.registry.records.values()) record.invalidate();
    this.#addAll();
  }

  /** The lists in force, as the saved state names them; undefined before the first. */
  get listIds(): readonly string[] | undefined {
    return this.reconciler.hasList ? this.#lists.ids : undefined;
  }

  /** What earlier processes have learned, by list. It counts from the first list on. */
  recall(saved: SavedStates): void {
    this.#saved = saved;
    this.#recallFirst();
  }

  /** This process writes from now on, and another one has until now: what that one saved last. */
  succeed(saved: SavedStates): void {
    const state = this.#stateIn(saved);
    for (const record of this.registry.records.values()) record.succeed(state.sources.get(record.key) ?? []);
    this.#recallDeleted(saved);
  }

  /** What the next process should know, by list. */
  get states(): SavedStates {
    const { suspectSinceMs } = this.#decider;
    const deleted = this.#lists.recentlyDeleted(this.#ports.clock.monotonicNow());
    const records = [...this.registry.records.values()].filter(({ target }) => target !== undefined);
    const byList = Map.groupBy(records, ({ target }) => this.#lists.idOf(target?.list));
    return new Map(
      this.#lists.ids.map((id) => {
        const ofList = byList.get(id) ?? [];
        const known = ofList.flatMap(({ target, toSave: { memory, sources } }) =>
          target === undefined || memory === undefined ? [] : [{ target, memory, sources }],
        );
        const state: SyncState = {
          ...targetState(known),
          health: this.observer.checks.healthFor(ofList.map(({ key }) => key)),
          deletedAtMs: new Map(
            [...deleted].flatMap(([key, { list, atMs }]) => (list === id ? [[key, atMs] as const] : [])),
          ),
          suspectSinceMs,
        };
        return [id, state] as const;
      }),
    );
  }

  #recallFirst(): void {
    const saved = this.#saved;
    if (saved === undefined || !this.reconciler.hasList) return;
    this.#saved = undefined;
    const state = this.#stateIn(saved);
    this.observer.checks.recallFrom(new HealthMemory(state.health));
    this.#decider.recallSuspicion(state.suspectSinceMs, this.#ports.clock.monotonicNow());
    this.registry.recall(state.names);
    this.#recallDeleted(saved);
  }

  #recallDeleted(saved: SavedStates): void {
    for (const id of this.#lists.ids) this.#lists.recall(id, saved.get(id)?.deletedAtMs ?? new Map());
  }

  #stateIn(saved: SavedStates): SyncState {
    return unionOf(this.#lists.ids.flatMap((id) => saved.get(id) ?? []));
  }

  /** What became of each target when it was last decided; by namespace and name. */
  get reports(): TargetReport[] {
    const records = [...this.registry.records.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return records.map((record) => this.reportOf(record));
  }

  reportOf({ namespace, name, report }: TargetRecord): TargetReport {
    return report ?? { namespace, name, ...NOT_DECIDED, endpoints: [], actions: [] };
  }

  /** Figures that are states and no events: for a scrape. */
  fillGauges(): void {
    const { isLeader, metrics } = this.#ports;
    const { count, oldestAgeMs } = this.#queue.waiting;
    metrics.queue(count, oldestAgeMs);
    metrics.leading(isLeader());
    metrics.targets(this.reports);
  }

  /** The objects of every target were known at one moment. Reading some again later does not change that. */
  get hasReadAll(): boolean {
    const records = [...this.registry.records.values()];
    this.#hasReadAll ||= this.reconciler.hasList && records.every(({ existing }) => existing !== undefined);
    return this.#hasReadAll;
  }

  /** Nothing is queued, read, written or waited for. */
  get isIdle(): boolean {
    if (!this.reader.isIdle || !this.applyQueue.isEmpty || !this.#queue.isEmpty) return false;
    for (const { state } of this.registry.records.values()) if (state !== 'idle') return false;
    return true;
  }

  /** A broken invariant: the loop ends with this error. */
  fail(error: unknown): void {
    this.#crash ??= { error };
    this.signal.notify();
  }

  throwIfFailed(): void {
    if (this.#crash !== undefined) throw this.#crash.error;
  }

  /** Ends the writes that are under way. */
  stopWriting(reason: Error): void {
    this.#writing.abort(reason);
  }

  get writing(): AbortSignal {
    return this.#writing.signal;
  }

  #addAll(): void {
    for (const record of this.registry.records.values()) this.#queue.add(record);
  }

  #onApplied(record: TargetRecord): void {
    if (record.state === 'idle') {
      this.#applied += 1;
      this.#onProgress('writing', this.#applied, this.registry.records.size);
    }
    this.#afterBusy(record);
    // A record that left the list is decided once more, and then removed from the registry.
    if (this.policy.mode === 'follow' && record.target === undefined) this.#queue.add(record);
  }

  #afterBusy(record: TargetRecord): void {
    this.#driftDetector.replayDeferred(record);
    this.#queue.track(record);
    this.signal.notify();
  }

  #onRead(records: readonly TargetRecord[], found: readonly TargetRecord[]): void {
    for (const record of records) {
      this.#afterBusy(record);
      // It is not tried again: its report is the result.
      if (!this.policy.retries && record.existing === undefined) this.#queue.remove(record);
    }
    for (const record of found) this.#queue.add(record);
    this.signal.notify();
  }
}
