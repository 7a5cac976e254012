import type { TargetList } from '../config/target-list.ts';
import type { TimedResolver } from '../dns/resolver.ts';
import { HealthMemory } from '../health/memory.ts';
import type { Prober } from '../health/probe.ts';
import type { KubeObject } from '../manifest/kube-object.ts';
import type { Clock } from '../target/clock.ts';
import type { Random } from '../target/random.ts';
import { Agenda } from './agenda.ts';
import type { DecideOptions } from './decide.ts';
import { Decider } from './decider.ts';
import type { EventSink } from './event-sink.ts';
import { fencedStore } from './fenced-store.ts';
import type { Log } from './log.ts';
import { Lookout } from './lookout.ts';
import type { Metrics } from './metrics.ts';
import type { ListScope, ObjectStore } from './object-store.ts';
import { PlanCarrier } from './plan-carrier.ts';
import { Rounds } from './rounds.ts';
import { ServiceRanges } from './service-ranges.ts';
import { SettlementKeeper } from './settlement-keeper.ts';
import { Sightings } from './sightings.ts';
import { StateKeeper } from './state-keeper.ts';
import type { TargetReport } from './sync-report.ts';
import type { StateStore } from './sync-state.ts';
import { TargetBook } from './target-book.ts';
import type { ObjectSighting, TargetEntry } from './target-entry.ts';
import { TargetReader } from './target-reader.ts';
import { WakeUp } from './wake-up.ts';

export interface WorkerPorts {
  readonly store: ObjectStore;
  readonly state: StateStore;
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

export interface WorkerSettings {
  readonly options: DecideOptions;
  readonly maxProbesInFlight: number;
  /** How long to go on with writes that are under way when the worker is told to stop. */
  readonly shutdownTimeoutMs: number;
}

/** How long a new target waits for first answers and verdicts, so that it is written once and not twice. */
const PATIENCE_MS = 1_500;

const LONGEST_REST_MS = 60_000;

const NOT_DECIDED = {
  phase: 'Pending',
  reason: 'NotDecidedYet',
  message: 'names, addresses and what exists are still being looked at',
} as const;

/**
 * The long-lived engine: the same `decide()` as one pass, woken by what changes.
 *
 *     list ─────────────┐
 *     DNS ─────┐        │                        ┌─ nothing to do: at rest
 *     health ──┴ Lookout┼─▶ Agenda ─▶ Rounds ────┤
 *     cluster ─ Sightings   (coalesced) (decide) └─ plan ─▶ PlanCarrier ─▶ SettlementKeeper
 *     clock ────────────┘                                    (bounded)        │
 *        ▲                                                                    │
 *        └───────────────── failed, or seen to change ◀───────────────────────┘
 */
export class Worker {
  readonly #ports: WorkerPorts;
  readonly #settings: WorkerSettings;
  readonly #wakeUp: WakeUp;
  readonly #book = new TargetBook();
  readonly #lookout: Lookout;
  readonly #agenda: Agenda;
  readonly #sightings: Sightings;
  readonly #state: StateKeeper;
  readonly #reader: TargetReader;
  readonly #ranges: ServiceRanges;
  readonly #decider: Decider;
  readonly #carrier: PlanCarrier;
  readonly #rounds: Rounds;
  /** Ends the writes that are under way when they take too long at the end. */
  readonly #writing = new AbortController();
  #reached = false;
  #readAll = false;
  #stateless = false;
  #turnedAtMs = Number.NEGATIVE_INFINITY;
  #crash: { readonly error: unknown } | undefined;

  constructor(given: WorkerPorts, settings: WorkerSettings) {
    const ports = { ...given, store: fencedStore(given.store, given.isLeader) };
    const { clock } = ports;
    const { options } = settings;
    this.#ports = ports;
    this.#settings = settings;
    this.#wakeUp = new WakeUp(clock);
    this.#lookout = new Lookout(ports, this.#book, {
      maxProbesInFlight: settings.maxProbesInFlight,
      onNews: (entry) => this.#agenda.mark(entry),
      onVerdict: () => this.#state.noteChange(),
    });
    this.#agenda = new Agenda(clock, this.#lookout.checks, this.#wakeUp);
    this.#sightings = new Sightings(this.#book, options.instance, (entry, sighting) =>
      this.#agenda.markSeen(entry, sighting),
    );
    this.#decider = new Decider(this.#book, this.#lookout.checks, options);
    this.#state = new StateKeeper(ports, () => this.#stateNow());
    const keeper = new SettlementKeeper(ports);
    this.#ranges = new ServiceRanges(ports, {
      // Addresses may be the cluster's own by now, or no longer.
      onChange: () => this.#markAll(),
      onCrash: (error) => this.#fail(error),
    });
    this.#reader = new TargetReader(ports, this.#book, {
      instance: options.instance,
      onRead: (entries, found) => this.#onRead(entries, found),
      onUnreadable: (entry, failure) => keeper.keepUnreadable(entry, failure),
      onCrash: (error) => this.#fail(error),
    });
    this.#carrier = this.#newCarrier(keeper);
    this.#rounds = new Rounds({
      ...ports,
      book: this.#book,
      agenda: this.#agenda,
      lookout: this.#lookout,
      reader: this.#reader,
      ranges: this.#ranges,
      decider: this.#decider,
      keeper,
      carrier: this.#carrier,
      onDecided: () => this.#state.noteChange(),
    });
  }

  /**
   * A list is in force from now on: the first, or another. Targets that it does not change go on undisturbed.
   *
   * @param isComplete false while parts of the list have yet to be read: what it lacks has not left it then.
   */
  setList(list: TargetList, isComplete: boolean): void {
    this.#rounds.setList(list.guards, isComplete);
    const nowMs = this.#ports.clock.monotonicNow();
    // What was spared while the list was incomplete comes up for decision now.
    for (const entry of this.#book.entries.values()) if (entry.target === undefined) this.#agenda.mark(entry);
    for (const entry of this.#book.replaceTargets(list.targets)) {
      entry.patienceUntilMs = nowMs + PATIENCE_MS;
      if (entry.target === undefined) this.#lookout.checks.replace(entry.key, []);
      this.#agenda.mark(entry);
    }
    this.#lookout.followNames();
  }

  /** Something of ours, or under a name of the list, was seen in the cluster. */
  onSighting(sighting: ObjectSighting): void {
    this.#sightings.take(sighting);
  }

  /** All there is of a kind: what is known besides is gone. */
  onReplacement(kind: string, scope: ListScope, items: readonly KubeObject[]): void {
    this.#sightings.takeAll(kind, scope, items);
  }

  /** Everything is read and decided again. */
  resync(): void {
    this.#ranges.expire();
    for (const entry of this.#book.entries.values()) {
      entry.existing = undefined;
      this.#agenda.mark(entry);
    }
  }

  /** Leadership came or went. */
  onLeadership(): void {
    this.#wakeUp.call();
  }

  /** Figures that are states and no events: for whoever asks, when he asks. */
  fillGauges(): void {
    const { isLeader, metrics } = this.#ports;
    const { count, oldestAgeMs } = this.#agenda.waiting;
    metrics.queue(count, oldestAgeMs);
    metrics.leading(isLeader());
    metrics.targets(this.reports);
  }

  /** The API server has answered this process. */
  get hasReachedCluster(): boolean {
    return this.#reached;
  }

  /** What exists was known for every target at one moment. What is read again since does not make it unready. */
  get hasReadAll(): boolean {
    const entries = [...this.#book.entries.values()];
    this.#readAll ||= this.#rounds.hasList && entries.every(({ existing }) => existing !== undefined);
    return this.#readAll;
  }

  /** When the loop last turned, on the monotonic clock: what no longer turns is not alive. */
  get turnedAtMs(): number {
    return this.#turnedAtMs;
  }

  /** What became of each target when it was last decided; by namespace and name. */
  get reports(): TargetReport[] {
    const entries = [...this.#book.entries.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return entries.map(
      ({ namespace, name, report }) =>
        report ?? { namespace, name, ...NOT_DECIDED, endpoints: [], actions: [] },
    );
  }

  /** Works until `signal` aborts; then finishes the writes under way, saves the state, and resolves. */
  async run(signal: AbortSignal): Promise<void> {
    const stopped = new AbortController();
    const stop = () => stopped.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const looking = this.#lookout.tasks.map((task) =>
      task(stopped.signal).catch((error: unknown) => {
        if (!stopped.signal.aborted) this.#fail(error);
      }),
    );
    try {
      await this.#loadState(stopped.signal);
      while (!stopped.signal.aborted) await this.#turn(stopped.signal);
    } catch (error) {
      if (!stopped.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      stopped.abort(new Error('the worker ended'));
      await this.#shutDown();
      await Promise.all([...looking, this.#reader.idle(), this.#ranges.idle()]);
    }
  }

  async #loadState(signal: AbortSignal): Promise<void> {
    const loaded = await this.#state.loadPatiently(signal);
    await this.#ranges.read(signal);
    this.#reached = true;
    this.#stateless = loaded.kind === 'unusable';
    this.#rounds.setStateless(this.#stateless);
    this.#lookout.checks.recallFrom(new HealthMemory(loaded.state.health));
    this.#decider.recallSuspicion(loaded.state.suspectSinceMs, this.#ports.clock.monotonicNow());
    for (const [key, memory] of loaded.state.names) {
      const [namespace = '', name = ''] = key.split('/');
      this.#book.entryFor(namespace, name).memory ??= memory;
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#crash !== undefined) throw this.#crash.error;
    const nowMs = this.#ports.clock.monotonicNow();
    this.#turnedAtMs = nowMs;
    this.#ranges.readIfDue(signal);
    await this.#rounds.goRound(signal);
    if (this.#savesState) this.#state.saveIfDue(signal);
    const nextMs = Math.min(
      this.#rounds.nextRoundAtMs,
      this.#savesState ? this.#state.nextSaveAtMs : Number.POSITIVE_INFINITY,
      nowMs + LONGEST_REST_MS,
    );
    await this.#wakeUp.sleepUntil(nextMs, signal);
  }

  #markAll(): void {
    for (const entry of this.#book.entries.values()) this.#agenda.mark(entry);
  }

  /** Only the leader's memory is kept, where there is a place for it. */
  get #savesState(): boolean {
    return this.#ports.isLeader() && !this.#stateless;
  }

  #stateNow() {
    const names = new Map(
      [...this.#book.entries.values()].flatMap(({ key, target, memory }) =>
        target === undefined || memory === undefined || memory.size === 0 ? [] : [[key, memory] as const],
      ),
    );
    const { suspectSinceMs } = this.#decider;
    return { names, health: this.#lookout.checks.snapshot(), suspectSinceMs };
  }

  async #shutDown(): Promise<void> {
    const { clock, isLeader } = this.#ports;
    const done = new AbortController();
    const deadline = clock.sleep(this.#settings.shutdownTimeoutMs, done.signal).then(
      () => this.#writing.abort(new Error('time to shut down is over')),
      () => undefined,
    );
    // Side by side: a write that hangs must not cost what was learned.
    const saving = isLeader() ? this.#state.saveAtLast(this.#writing.signal) : undefined;
    await Promise.all([this.#carrier.drain(), saving]);
    done.abort();
    await deadline;
  }

  #newCarrier(keeper: SettlementKeeper): PlanCarrier {
    return new PlanCarrier(
      this.#ports,
      {
        options: this.#settings.options,
        onSettled: (entry, settlement) => {
          keeper.keep(entry, settlement);
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
    this.#wakeUp.call();
  }

  #onRead(entries: readonly TargetEntry[], found: readonly TargetEntry[]): void {
    for (const entry of entries) this.#afterBusy(entry);
    for (const entry of found) this.#agenda.mark(entry);
    this.#wakeUp.call();
  }

  #fail(error: unknown): void {
    this.#crash ??= { error };
    this.#wakeUp.call();
  }
}
