import type { TargetList } from '../config/target-list.ts';
import { NameWatcher, type WatchKey } from '../dns/name-watcher.ts';
import type { TimedResolution, TimedResolver } from '../dns/resolver.ts';
import { sourceKey } from '../endpoint/candidate.ts';
import { HealthMemory } from '../health/memory.ts';
import { Monitor, type Observation } from '../health/monitor.ts';
import type { Prober } from '../health/probe.ts';
import type { EndpointSliceObject, KubeObject } from '../manifest/kube-object.ts';
import { type ExistingObjects, serviceNameOf } from '../plan/existing-objects.ts';
import { type Clock, instantOf } from '../target/clock.ts';
import { DEFAULT_GUARDS, type Guards } from '../target/guards.ts';
import type { Cidr } from '../target/ip-address.ts';
import type { Random } from '../target/random.ts';
import { CheckSet } from './check-set.ts';
import type { DecideOptions } from './decide.ts';
import { Decider } from './decider.ts';
import type { EventSink } from './event-sink.ts';
import { fencedStore } from './fenced-store.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { ObjectStore } from './object-store.ts';
import { isOursInPart } from './owned-objects.ts';
import { PlanCarrier } from './plan-carrier.ts';
import { readServiceCidrs } from './read-cluster.ts';
import { SettlementKeeper } from './settlement-keeper.ts';
import { StateKeeper } from './state-keeper.ts';
import type { StateStore } from './sync-state.ts';
import { TargetBook } from './target-book.ts';
import { isNews, type ObjectSighting, type TargetEntry } from './target-entry.ts';
import { TargetReader } from './target-reader.ts';

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

/** Changes that come within this time of one another are decided together: one guard over one moment. */
const COALESCE_MS = 20;

/** How long a new target waits for first answers and verdicts, so that it is written once and not twice. */
const PATIENCE_MS = 1_500;

/** A target that others stand in the way of is looked at again that often. */
const RECHECK_MS = 30_000;

const LONGEST_REST_MS = 60_000;

const WOKEN = new Error('woken');

/**
 * The long-lived engine: the same `decide()` as one pass, woken by what changes.
 *
 *     list ───┐
 *     DNS ────┤                    ┌─ nothing to do: at rest
 *     health ─┼─▶ dirty ─▶ decide ─┤
 *     cluster ┤   (coalesced)      └─ plan ─▶ carried out ─▶ known
 *     clock ──┘                               (bounded)      │
 *        ▲                                                   │
 *        └───────────── failed, or seen to change ◀──────────┘
 */
export class Worker {
  readonly #ports: WorkerPorts;
  readonly #settings: WorkerSettings;
  readonly #book = new TargetBook();
  readonly #names: NameWatcher;
  readonly #monitor: Monitor;
  readonly #checks: CheckSet;
  readonly #state: StateKeeper;
  readonly #keeper: SettlementKeeper;
  readonly #decider: Decider;
  readonly #reader: TargetReader;
  #guards: Guards = DEFAULT_GUARDS;
  #serviceCidrs: readonly Cidr[] = [];
  #stateless = false;
  /** Entries that wait to be decided again. */
  readonly #dirty = new Set<TargetEntry>();
  /** No entry changes by time alone before then. */
  #earliestChangeMs = Number.POSITIVE_INFINITY;
  #lastHealthyMs = Number.NEGATIVE_INFINITY;
  #listed = false;
  #complete = false;
  #reached = false;
  #turnedAtMs = Number.NEGATIVE_INFINITY;
  #wake = new AbortController();
  #woken = false;
  #led = false;
  #crash: { readonly error: unknown } | undefined;

  constructor(ports: WorkerPorts, settings: WorkerSettings) {
    const store = fencedStore(ports.store, ports.isLeader);
    this.#ports = { ...ports, store };
    this.#settings = settings;
    const { resolver, prober, clock, random } = ports;
    this.#names = new NameWatcher({
      resolver,
      clock,
      random,
      onAnswer: (key, answer) => this.#onAnswer(key, answer),
    });
    this.#monitor = new Monitor({
      prober,
      clock,
      random,
      maxInFlight: settings.maxProbesInFlight,
      onObservation: (observation) => this.#onObservation(observation),
    });
    this.#checks = new CheckSet(this.#monitor, new HealthMemory(new Map()));
    this.#state = new StateKeeper(ports);
    this.#keeper = new SettlementKeeper(ports);
    this.#decider = new Decider(this.#book, this.#checks, settings.options);
    this.#reader = new TargetReader(this.#ports, this.#book, {
      instance: settings.options.instance,
      onRead: (entries, found) => this.#onRead(entries, found),
      onUnreadable: (entry, failure) => this.#keeper.keepUnreadable(entry, failure),
      onCrash: (error) => this.#fail(error),
    });
  }

  /**
   * A list is in force from now on: the first, or another. Targets that it does not change go on undisturbed.
   *
   * @param isComplete false while parts of the list have yet to be read: what it lacks has not left it then.
   */
  setList(list: TargetList, isComplete: boolean): void {
    this.#guards = list.guards;
    this.#complete = isComplete;
    this.#listed = true;
    const nowMs = this.#ports.clock.monotonicNow();
    // What was spared while the list was incomplete comes up for decision now.
    for (const entry of this.#book.entries.values()) if (entry.target === undefined) this.#markDirty(entry);
    for (const entry of this.#book.replaceTargets(list.targets)) {
      entry.patienceUntilMs = nowMs + PATIENCE_MS;
      if (entry.target === undefined) this.#checks.replace(entry.key, []);
      this.#markDirty(entry);
    }
    this.#names.watch(this.#book.names());
  }

  /** Something of ours, or under a name of the list, was seen in the cluster. */
  onSighting(sighting: ObjectSighting): void {
    const { object } = sighting;
    const { namespace = '', name } = object.metadata;
    const service = object.kind === 'EndpointSlice' ? serviceNameOf(object as EndpointSliceObject) : name;
    const known = this.#book.entries.get(`${namespace}/${service}`);
    if (known === undefined && (sighting.deleted || !this.#isOurs(object))) return;
    const entry = known ?? this.#book.entryFor(namespace, service);
    if (entry.busy) entry.seenWhileBusy.push(sighting);
    else this.#judge(entry, sighting);
  }

  /** All there is of a kind: what is known besides is gone. */
  onReplacement(kind: string, namespace: string | undefined, items: readonly KubeObject[]): void {
    const there = new Set(items.map((object) => object.metadata.uid));
    for (const object of items) this.onSighting({ object, deleted: false });
    for (const { existing, ...entry } of [...this.#book.entries.values()]) {
      if (existing === undefined || (namespace !== undefined && entry.namespace !== namespace)) continue;
      for (const object of [existing.service, existing.endpoints, ...existing.slices]) {
        if (object?.kind !== kind || there.has(object.metadata.uid) || !this.#isOurs(object)) continue;
        this.onSighting({ object, deleted: true });
      }
    }
  }

  /** Everything is read and decided again. */
  resync(): void {
    for (const entry of this.#book.entries.values()) {
      entry.existing = undefined;
      this.#markDirty(entry);
    }
  }

  /** Leadership came or went. */
  onLeadership(): void {
    this.#wakeUp();
  }

  /** Figures that are states and no events: for whoever asks, when he asks. */
  fillGauges(): void {
    const { clock, isLeader, metrics } = this.#ports;
    const nowMs = clock.monotonicNow();
    const ages = [...this.#dirty].map(({ dirtySinceMs = nowMs }) => nowMs - dirtySinceMs);
    metrics.queue(ages.length, Math.max(0, ...ages));
    metrics.leading(isLeader());
    const phases = new Map<string, number>();
    for (const { report } of this.#book.entries.values()) {
      const phase = report?.phase ?? 'Unknown';
      phases.set(phase, (phases.get(phase) ?? 0) + 1);
    }
    metrics.targets(phases);
  }

  /** The API server has answered this process. */
  get hasReachedCluster(): boolean {
    return this.#reached;
  }

  /** What exists is known for every target. */
  get hasReadAll(): boolean {
    return this.#listed && [...this.#book.entries.values()].every(({ existing }) => existing !== undefined);
  }

  /** When the loop last turned, on the monotonic clock: what no longer turns is not alive. */
  get turnedAtMs(): number {
    return this.#turnedAtMs;
  }

  get entries(): Iterable<TargetEntry> {
    return this.#book.entries.values();
  }

  /** Works until `signal` aborts; then finishes the writes under way, saves the state, and resolves. */
  async run(signal: AbortSignal): Promise<void> {
    const writing = new AbortController();
    const carrier = this.#newCarrier(writing.signal);
    const stopped = new AbortController();
    const stop = () => stopped.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const watching = [this.#names.run(stopped.signal), this.#monitor.run(stopped.signal)].map((each) =>
      each.catch((error: unknown) => {
        if (!stopped.signal.aborted) this.#fail(error);
      }),
    );
    try {
      await this.#loadState(stopped.signal);
      while (!stopped.signal.aborted) {
        if (this.#crash !== undefined) throw this.#crash.error;
        this.#turn(carrier, stopped.signal);
        await this.#rest(carrier, stopped.signal);
      }
    } catch (error) {
      if (!stopped.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      stopped.abort(new Error('the worker ended'));
      await this.#shutDown(carrier, writing);
      await Promise.all([...watching, this.#reader.idle()]);
    }
  }

  async #shutDown(carrier: PlanCarrier, writing: AbortController): Promise<void> {
    const { clock, isLeader } = this.#ports;
    const done = new AbortController();
    const deadline = clock.sleep(this.#settings.shutdownTimeoutMs, done.signal).then(
      () => writing.abort(new Error('time to shut down is over')),
      () => undefined,
    );
    await carrier.drain();
    if (isLeader())
      await this.#state.saveAtLast(
        this.#book.entries.values(),
        this.#checks,
        this.#decider.suspectSinceMs,
        writing.signal,
      );
    done.abort();
    await deadline;
  }

  async #loadState(signal: AbortSignal): Promise<void> {
    const loaded = await this.#state.loadPatiently(signal);
    this.#serviceCidrs = await readServiceCidrs(this.#ports.store, signal);
    this.#reached = true;
    this.#stateless = loaded.kind === 'unusable';
    this.#checks.recallFrom(new HealthMemory(loaded.state.health));
    this.#decider.recallSuspicion(loaded.state.suspectSinceMs, this.#ports.clock.monotonicNow());
    for (const [key, memory] of loaded.state.names) {
      const [namespace = '', name = ''] = key.split('/');
      this.#book.entryFor(namespace, name).memory ??= memory;
    }
  }

  #newCarrier(signal: AbortSignal): PlanCarrier {
    return new PlanCarrier(
      this.#ports,
      {
        options: this.#settings.options,
        onSettled: (entry, settlement) => {
          this.#keeper.keep(entry, settlement);
          // A failure is tried again; what has left the list is looked at once more, and then forgotten.
          if (settlement.failure !== undefined || entry.target === undefined) this.#markDirty(entry);
          this.#afterBusy(entry);
        },
        onDropped: (entry) => this.#afterBusy(entry),
      },
      signal,
    );
  }

  #afterBusy(entry: TargetEntry): void {
    for (const sighting of entry.seenWhileBusy.splice(0)) this.#judge(entry, sighting);
    this.#wakeUp();
  }

  #judge(entry: TargetEntry, sighting: ObjectSighting): void {
    if (!isNews(entry, sighting)) return;
    // Without knowing what there was nobody can say that it was changed.
    if (entry.existing !== undefined) entry.drifted = true;
    entry.existing = undefined;
    this.#markDirty(entry);
  }

  #isOurs(object: KubeObject): boolean {
    const existing: ExistingObjects =
      object.kind === 'EndpointSlice'
        ? { slices: [object as EndpointSliceObject] }
        : { [object.kind === 'Service' ? 'service' : 'endpoints']: object, slices: [] };
    return isOursInPart(existing, this.#settings.options.instance);
  }

  #onAnswer(key: WatchKey, answer: TimedResolution): void {
    for (const each of [answer.resolution.IPv4, answer.resolution.IPv6]) {
      this.#ports.metrics.resolved(each.outcome === 'resolved' ? 'Resolved' : each.reason);
    }
    for (const { entry, source } of this.#book.usersOf(key)) {
      entry.answers.set(source, answer);
      // Unchanged answers too: rotation and holds are counted in answers.
      this.#markDirty(entry);
    }
  }

  #onObservation({ check, sample, before, after }: Observation): void {
    this.#ports.metrics.probed(sample.reason);
    if (sample.healthy) this.#lastHealthyMs = this.#ports.clock.monotonicNow();
    if (before.verdict === after.verdict) return;
    this.#state.noteChange();
    for (const key of this.#checks.usersOf(check.id)) {
      const entry = this.#book.entries.get(key);
      if (entry !== undefined) this.#markDirty(entry);
    }
  }

  #markDirty(entry: TargetEntry): void {
    entry.dirtySinceMs ??= this.#ports.clock.monotonicNow();
    this.#dirty.add(entry);
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#woken = true;
    this.#wake.abort(WOKEN);
  }

  #fail(error: unknown): void {
    this.#crash ??= { error };
    this.#wakeUp();
  }

  /** One look at everything that is due. Never waits. */
  #turn(carrier: PlanCarrier, signal: AbortSignal): void {
    const nowMs = this.#ports.clock.monotonicNow();
    this.#turnedAtMs = nowMs;
    if (!this.#listed) return;
    this.#noteLeadership();
    this.#noteTime(nowMs);
    if (!this.#complete) this.#spareUnlisted();
    const due = [...this.#dirty].filter((entry) => !entry.busy && this.#dueAtMs(entry) <= nowMs);
    const unread = due.filter((entry) => entry.existing === undefined);
    if (unread.length > 0 && this.#reader.readyAtMs <= nowMs) this.#reader.start(unread, signal);
    const ready = due.filter((entry) => entry.existing !== undefined);
    if (ready.length > 0) this.#decide(ready, carrier);
    carrier.pump();
    if (this.#ports.isLeader() && !this.#stateless) {
      this.#state.saveIfDue(
        nowMs,
        this.#book.entries.values(),
        this.#checks,
        this.#decider.suspectSinceMs,
        signal,
      );
    }
  }

  /** Nobody has said yet that these are to go. */
  #spareUnlisted(): void {
    for (const entry of this.#dirty) {
      if (entry.target !== undefined) continue;
      this.#dirty.delete(entry);
      entry.dirtySinceMs = undefined;
    }
  }

  #noteLeadership(): void {
    const leading = this.#ports.isLeader();
    if (leading && !this.#led) for (const entry of this.#book.entries.values()) this.#markDirty(entry);
    this.#led = leading;
  }

  /** What time alone brings about: holds that end, and looking again at what others stood in the way of. */
  #noteTime(nowMs: number): void {
    if (nowMs < this.#earliestChangeMs) return;
    this.#earliestChangeMs = Number.POSITIVE_INFINITY;
    for (const entry of this.#book.entries.values()) {
      if (entry.recheckAtMs <= nowMs) {
        entry.existing = undefined;
        entry.recheckAtMs = Number.POSITIVE_INFINITY;
        this.#markDirty(entry);
      }
      if (entry.nextChangeAtMs <= nowMs) {
        entry.nextChangeAtMs = Number.POSITIVE_INFINITY;
        this.#markDirty(entry);
      }
      this.#earliestChangeMs = Math.min(this.#earliestChangeMs, entry.nextChangeAtMs, entry.recheckAtMs);
    }
  }

  #dueAtMs(entry: TargetEntry): number {
    const patienceMs = this.#isComplete(entry) ? Number.NEGATIVE_INFINITY : entry.patienceUntilMs;
    return Math.max((entry.dirtySinceMs ?? 0) + COALESCE_MS, entry.backOff.untilMs, patienceMs);
  }

  /** Every name has been answered once and every check has a verdict. */
  #isComplete(entry: TargetEntry): boolean {
    const { target } = entry;
    if (target === undefined) return true;
    if (
      target.endpoints.some((source) => source.kind !== 'address' && !entry.answers.has(sourceKey(source)))
    ) {
      return false;
    }
    return this.#checks.haveVerdicts(entry.key);
  }

  async #rest(carrier: PlanCarrier, signal: AbortSignal): Promise<void> {
    if (!this.#woken) {
      const nowMs = this.#ports.clock.monotonicNow();
      const untilMs = Math.min(this.#nextTurnAtMs(), carrier.nextTurnAtMs, nowMs + LONGEST_REST_MS);
      try {
        await this.#ports.clock.sleep(untilMs - nowMs, AbortSignal.any([this.#wake.signal, signal]));
      } catch (error) {
        if (error !== WOKEN) throw error;
      }
    }
    this.#woken = false;
    this.#wake = new AbortController();
  }

  #nextTurnAtMs(): number {
    if (!this.#listed) return Number.POSITIVE_INFINITY;
    let earliest = Math.min(
      this.#earliestChangeMs,
      this.#ports.isLeader() ? this.#state.nextSaveAtMs : Infinity,
    );
    for (const entry of this.#dirty) {
      if (entry.busy) continue;
      const readableAtMs = entry.existing === undefined ? this.#reader.readyAtMs : Number.NEGATIVE_INFINITY;
      earliest = Math.min(earliest, Math.max(this.#dueAtMs(entry), readableAtMs));
    }
    return earliest;
  }

  #onRead(entries: readonly TargetEntry[], found: readonly TargetEntry[]): void {
    for (const entry of entries) this.#afterBusy(entry);
    for (const entry of found) this.#markDirty(entry);
    this.#wakeUp();
  }

  #decide(entries: readonly TargetEntry[], carrier: PlanCarrier): void {
    for (const entry of entries) {
      this.#dirty.delete(entry);
      entry.decidedForMs = entry.dirtySinceMs ?? 0;
      entry.dirtySinceMs = undefined;
    }
    const now = instantOf(this.#ports.clock);
    const { decisions, tooEarly } = this.#decider.decide(entries, {
      now,
      guards: { ...this.#guards, serviceCidrs: this.#serviceCidrs },
      stateless: this.#stateless,
      referenceReachable: this.#reader.isServerReachable,
      lastHealthyMs: this.#lastHealthyMs,
    });
    this.#ports.metrics.decided(decisions.length);
    // Their verdicts, or the end of their patience, bring them back.
    for (const entry of tooEarly) this.#markDirty(entry);
    for (const { entry, decided } of decisions) {
      const { plan } = decided;
      const obstructed = plan.phase === 'Refused' || plan.phase === 'Pending';
      entry.recheckAtMs = obstructed ? now.monotonicMs + RECHECK_MS : Number.POSITIVE_INFINITY;
      this.#earliestChangeMs = Math.min(this.#earliestChangeMs, entry.nextChangeAtMs, entry.recheckAtMs);
      if (plan.actions.length === 0 && plan.continuation === undefined)
        this.#keeper.keepAtRest(entry, decided);
      else if (this.#ports.isLeader()) carrier.carry(entry, decided);
    }
    this.#state.noteChange();
  }
}
