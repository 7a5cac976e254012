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
import { type SyncState, targetState } from '../state/sync-state.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { Signal } from '../time/signal.ts';
import { ApplyQueue } from './apply-queue.ts';
import { Decider } from './decider.ts';
import { DriftDetector } from './drift-detector.ts';
import type { Metrics } from './metrics.ts';
import { Observer } from './observer.ts';
import { Rounds } from './reconcile-due.ts';
import { StatusRecorder } from './status-recorder.ts';
import type { TargetReport } from './sync-report.ts';
import { TargetReader } from './target-reader.ts';
import type { ObjectEvent, TargetRecord } from './target-record.ts';
import { TargetRegistry } from './target-registry.ts';
import { WorkQueue } from './work-queue.ts';

export interface EnginePorts {
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

export interface EngineSettings {
  readonly options: DecideOptions;
  readonly maxProbesInFlight: number;
}

/** How long a new target waits for first answers and verdicts, so that it is written once and not twice. */
const INITIAL_GRACE_MS = 1_500;

const NOT_DECIDED = {
  phase: 'Pending',
  reason: 'NotDecidedYet',
  message: 'names, addresses and what exists are still being looked at',
} as const;

/**
 * What the long-lived worker is made of: the same `decide()` as one pass, woken by what changes.
 *
 *     list ─────────────┐
 *     DNS ─────┐        │                        ┌─ nothing to do: at rest
 *     health ──┴ Lookout┼─▶ Agenda ─▶ Rounds ────┤
 *     cluster ─ Sightings   (coalesced) (decide) └─ plan ─▶ PlanCarrier ─▶ SettlementKeeper
 *     clock ────────────┘                                    (bounded)        │
 *        ▲                                                                    │
 *        └───────────────── failed, or seen to change ◀───────────────────────┘
 */
export class Engine {
  readonly signalled: Signal;
  readonly observer: Observer;
  readonly reader: TargetReader;
  readonly ranges: ServiceRanges;
  readonly applyQueue: ApplyQueue;
  readonly rounds: Rounds;
  /** Told when the state that outlives the process may be other than it was. */
  onStateChange: () => void = () => undefined;
  readonly #ports: EnginePorts;
  readonly #registry = new TargetRegistry();
  readonly #queue: WorkQueue;
  readonly #driftDetector: DriftDetector;
  readonly #decider: Decider;
  readonly #recorder: StatusRecorder;
  readonly #writing = new AbortController();
  #readAll = false;
  #crash: { readonly error: unknown } | undefined;

  constructor(given: EnginePorts, { options, maxProbesInFlight }: EngineSettings) {
    const ports = { ...given, store: fencedStore(given.store, given.isLeader) };
    const { clock } = ports;
    const { instance } = options;
    const registry = this.#registry;
    this.#ports = ports;
    this.signalled = new Signal(clock);
    this.observer = new Observer(ports, registry, {
      maxProbesInFlight,
      onNews: (record) => this.#queue.add(record),
      onVerdict: () => this.onStateChange(),
    });
    const { checks } = this.observer;
    this.#queue = new WorkQueue(clock, checks, this.signalled);
    this.#driftDetector = new DriftDetector(registry, instance, (record, seen) =>
      this.#queue.addSeen(record, seen),
    );
    this.#decider = new Decider(registry, checks, options);
    this.#recorder = new StatusRecorder(ports);
    const onCrash = (error: unknown) => this.fail(error);
    // Addresses may be the cluster's own by now, or no longer.
    this.ranges = new ServiceRanges(ports, { onChange: () => this.#markAll(), onCrash });
    this.reader = new TargetReader(ports, registry, {
      instance,
      onRead: (records, found) => this.#onRead(records, found),
      onUnreadable: (record, failure) => this.#recorder.recordUnreadable(record, failure),
      onCrash,
    });
    this.applyQueue = this.#newApplyQueue(options);
    this.rounds = new Rounds({
      ...ports,
      registry,
      queue: this.#queue,
      observer: this.observer,
      reader: this.reader,
      ranges: this.ranges,
      decider: this.#decider,
      recorder: this.#recorder,
      applyQueue: this.applyQueue,
      onDecided: () => this.onStateChange(),
    });
  }

  /**
   * A list is in force from now on: the first, or another. Targets that it does not change go on undisturbed.
   *
   * @param isComplete false while parts of the list have yet to be read: what it lacks has not left it then.
   */
  setList(list: TargetList, isComplete: boolean): void {
    this.rounds.setList(list.guards, isComplete);
    this.#decider.startList();
    const nowMs = this.#ports.clock.monotonicNow();
    // What was spared while the list was incomplete comes up for decision now.
    for (const record of this.#registry.records.values())
      if (record.target === undefined) this.#queue.add(record);
    for (const record of this.#registry.replaceTargets(list.targets)) {
      record.initialGraceUntilMs = nowMs + INITIAL_GRACE_MS;
      if (record.target === undefined) this.observer.checks.replace(record.key, []);
      this.#queue.add(record);
    }
    this.observer.followNames();
  }

  /** Something of ours, or under a name of the list, was seen in the cluster. */
  onObjectEvent(event: ObjectEvent): void {
    this.#driftDetector.take(event);
  }

  /** All there is of a kind: what is known besides is gone. */
  onReplacement(kind: string, scope: ListScope, items: readonly KubeObject[]): void {
    this.#driftDetector.onRelist(kind, scope, items);
  }

  /** Leadership came or went. */
  onLeadership(): void {
    this.signalled.notify();
  }

  /** Everything is read and decided again. */
  resync(): void {
    this.ranges.expire();
    for (const record of this.#registry.records.values()) record.existing = undefined;
    this.#markAll();
  }

  /** What a process before has learned. */
  recall(state: SyncState): void {
    this.observer.checks.recallFrom(new HealthMemory(state.health));
    this.#decider.recallSuspicion(state.suspectSinceMs, this.#ports.clock.monotonicNow());
    for (const [key, memory] of state.names) {
      const [namespace = '', name = ''] = key.split('/');
      this.#registry.recordFor(namespace, name).memory ??= memory;
    }
  }

  /** This process leads from now on, and another one has until now: what that one saved last. */
  succeed(state: SyncState): void {
    for (const record of this.#registry.records.values()) {
      record.sources = state.sources.get(record.key) ?? [];
      record.recoversPublished = true;
    }
  }

  /** What the next process is to know. */
  get state(): SyncState {
    const known = [...this.#registry.records.values()].flatMap(({ target, memory, sources }) =>
      target === undefined || memory === undefined ? [] : [{ target, memory, sources }],
    );
    const { suspectSinceMs } = this.#decider;
    return { ...targetState(known), health: this.observer.checks.snapshot(), suspectSinceMs };
  }

  /** What became of each target when it was last decided; by namespace and name. */
  get reports(): TargetReport[] {
    const records = [...this.#registry.records.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return records.map(
      ({ namespace, name, report }) =>
        report ?? { namespace, name, ...NOT_DECIDED, endpoints: [], actions: [] },
    );
  }

  /** Figures that are states and no events: for whoever asks, when he asks. */
  fillGauges(): void {
    const { isLeader, metrics } = this.#ports;
    const { count, oldestAgeMs } = this.#queue.waiting;
    metrics.queue(count, oldestAgeMs);
    metrics.leading(isLeader());
    metrics.targets(this.reports);
  }

  /** What exists was known for every target at one moment. What is read again since does not make it unready. */
  get hasReadAll(): boolean {
    const records = [...this.#registry.records.values()];
    this.#readAll ||= this.rounds.hasList && records.every(({ existing }) => existing !== undefined);
    return this.#readAll;
  }

  /** Something that must not happen did: whoever turns the loop hears of it. */
  fail(error: unknown): void {
    this.#crash ??= { error };
    this.signalled.notify();
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

  #markAll(): void {
    for (const record of this.#registry.records.values()) this.#queue.add(record);
  }

  #newApplyQueue(options: DecideOptions): ApplyQueue {
    return new ApplyQueue(
      this.#ports,
      {
        options,
        onApplied: (record, result) => {
          this.#recorder.recordApplied(record, result);
          this.#queue.noteTimer(record);
          // A failure is tried again; what has left the list is looked at once more, and then forgotten.
          if (result.failure !== undefined || record.target === undefined) this.#queue.add(record);
          this.#afterBusy(record);
        },
        onDropped: (record) => this.#afterBusy(record),
      },
      this.#writing.signal,
    );
  }

  #afterBusy(record: TargetRecord): void {
    this.#driftDetector.replayDeferred(record);
    this.signalled.notify();
  }

  #onRead(records: readonly TargetRecord[], found: readonly TargetRecord[]): void {
    for (const record of records) this.#afterBusy(record);
    for (const record of found) this.#queue.add(record);
    this.signalled.notify();
  }
}
