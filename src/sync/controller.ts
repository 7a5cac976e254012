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
import { WakeUp } from '../time/signal.ts';
import { PlanCarrier } from './apply-queue.ts';
import { Decider } from './decider.ts';
import { Sightings } from './drift-detector.ts';
import type { Metrics } from './metrics.ts';
import { Lookout } from './observer.ts';
import { Rounds } from './reconcile-due.ts';
import { SettlementKeeper } from './status-recorder.ts';
import type { TargetReport } from './sync-report.ts';
import { TargetReader } from './target-reader.ts';
import type { ObjectSighting, TargetEntry } from './target-record.ts';
import { TargetBook } from './target-registry.ts';
import { Agenda } from './work-queue.ts';

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
const PATIENCE_MS = 1_500;

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
  readonly wakeUp: WakeUp;
  readonly lookout: Lookout;
  readonly reader: TargetReader;
  readonly ranges: ServiceRanges;
  readonly carrier: PlanCarrier;
  readonly rounds: Rounds;
  /** Told when the state that outlives the process may be other than it was. */
  onStateChange: () => void = () => undefined;
  readonly #ports: EnginePorts;
  readonly #book = new TargetBook();
  readonly #agenda: Agenda;
  readonly #sightings: Sightings;
  readonly #decider: Decider;
  readonly #keeper: SettlementKeeper;
  readonly #writing = new AbortController();
  #readAll = false;
  #crash: { readonly error: unknown } | undefined;

  constructor(given: EnginePorts, { options, maxProbesInFlight }: EngineSettings) {
    const ports = { ...given, store: fencedStore(given.store, given.isLeader) };
    const { clock } = ports;
    const { instance } = options;
    const book = this.#book;
    this.#ports = ports;
    this.wakeUp = new WakeUp(clock);
    this.lookout = new Lookout(ports, book, {
      maxProbesInFlight,
      onNews: (entry) => this.#agenda.mark(entry),
      onVerdict: () => this.onStateChange(),
    });
    const { checks } = this.lookout;
    this.#agenda = new Agenda(clock, checks, this.wakeUp);
    this.#sightings = new Sightings(book, instance, (entry, seen) => this.#agenda.markSeen(entry, seen));
    this.#decider = new Decider(book, checks, options);
    this.#keeper = new SettlementKeeper(ports);
    const onCrash = (error: unknown) => this.fail(error);
    // Addresses may be the cluster's own by now, or no longer.
    this.ranges = new ServiceRanges(ports, { onChange: () => this.#markAll(), onCrash });
    this.reader = new TargetReader(ports, book, {
      instance,
      onRead: (entries, found) => this.#onRead(entries, found),
      onUnreadable: (entry, failure) => this.#keeper.keepUnreadable(entry, failure),
      onCrash,
    });
    this.carrier = this.#newCarrier(options);
    this.rounds = new Rounds({
      ...ports,
      book,
      agenda: this.#agenda,
      lookout: this.lookout,
      reader: this.reader,
      ranges: this.ranges,
      decider: this.#decider,
      keeper: this.#keeper,
      carrier: this.carrier,
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
    for (const entry of this.#book.entries.values()) if (entry.target === undefined) this.#agenda.mark(entry);
    for (const entry of this.#book.replaceTargets(list.targets)) {
      entry.patienceUntilMs = nowMs + PATIENCE_MS;
      if (entry.target === undefined) this.lookout.checks.replace(entry.key, []);
      this.#agenda.mark(entry);
    }
    this.lookout.followNames();
  }

  /** Something of ours, or under a name of the list, was seen in the cluster. */
  onSighting(sighting: ObjectSighting): void {
    this.#sightings.take(sighting);
  }

  /** All there is of a kind: what is known besides is gone. */
  onReplacement(kind: string, scope: ListScope, items: readonly KubeObject[]): void {
    this.#sightings.takeAll(kind, scope, items);
  }

  /** Leadership came or went. */
  onLeadership(): void {
    this.wakeUp.call();
  }

  /** Everything is read and decided again. */
  resync(): void {
    this.ranges.expire();
    for (const entry of this.#book.entries.values()) entry.existing = undefined;
    this.#markAll();
  }

  /** What a process before has learned. */
  recall(state: SyncState): void {
    this.lookout.checks.recallFrom(new HealthMemory(state.health));
    this.#decider.recallSuspicion(state.suspectSinceMs, this.#ports.clock.monotonicNow());
    for (const [key, memory] of state.names) {
      const [namespace = '', name = ''] = key.split('/');
      this.#book.entryFor(namespace, name).memory ??= memory;
    }
  }

  /** This process leads from now on, and another one has until now: what that one saved last. */
  succeed(state: SyncState): void {
    for (const entry of this.#book.entries.values()) {
      entry.origins = state.origins.get(entry.key) ?? [];
      entry.inherits = true;
    }
  }

  /** What the next process is to know. */
  get state(): SyncState {
    const known = [...this.#book.entries.values()].flatMap(({ target, memory, origins }) =>
      target === undefined || memory === undefined ? [] : [{ target, memory, origins }],
    );
    const { suspectSinceMs } = this.#decider;
    return { ...targetState(known), health: this.lookout.checks.snapshot(), suspectSinceMs };
  }

  /** What became of each target when it was last decided; by namespace and name. */
  get reports(): TargetReport[] {
    const entries = [...this.#book.entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return entries.map(
      ({ namespace, name, report }) =>
        report ?? { namespace, name, ...NOT_DECIDED, endpoints: [], actions: [] },
    );
  }

  /** Figures that are states and no events: for whoever asks, when he asks. */
  fillGauges(): void {
    const { isLeader, metrics } = this.#ports;
    const { count, oldestAgeMs } = this.#agenda.waiting;
    metrics.queue(count, oldestAgeMs);
    metrics.leading(isLeader());
    metrics.targets(this.reports);
  }

  /** What exists was known for every target at one moment. What is read again since does not make it unready. */
  get hasReadAll(): boolean {
    const entries = [...this.#book.entries.values()];
    this.#readAll ||= this.rounds.hasList && entries.every(({ existing }) => existing !== undefined);
    return this.#readAll;
  }

  /** Something that must not happen did: whoever turns the loop hears of it. */
  fail(error: unknown): void {
    this.#crash ??= { error };
    this.wakeUp.call();
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
    for (const entry of this.#book.entries.values()) this.#agenda.mark(entry);
  }

  #newCarrier(options: DecideOptions): PlanCarrier {
    return new PlanCarrier(
      this.#ports,
      {
        options,
        onSettled: (entry, settlement) => {
          this.#keeper.keep(entry, settlement);
          this.#agenda.noteAppointment(entry);
          // A failure is tried again; what has left the list is looked at once more, and then forgotten.
          if (settlement.failure !== undefined || entry.target === undefined) this.#agenda.mark(entry);
          this.#afterBusy(entry);
        },
        onDropped: (entry) => this.#afterBusy(entry),
      },
      this.#writing.signal,
    );
  }

  #afterBusy(entry: TargetEntry): void {
    this.#sightings.catchUp(entry);
    this.wakeUp.call();
  }

  #onRead(entries: readonly TargetEntry[], found: readonly TargetEntry[]): void {
    for (const entry of entries) this.#afterBusy(entry);
    for (const entry of found) this.#agenda.mark(entry);
    this.wakeUp.call();
  }
}
