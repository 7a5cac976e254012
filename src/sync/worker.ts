import type { TargetList } from '../config/target-list.ts';
import { NameWatcher, type WatchKey } from '../dns/name-watcher.ts';
import type { NameResolution } from '../dns/resolution.ts';
import type { TimedResolver } from '../dns/resolver.ts';
import { isServing } from '../endpoint/assessment.ts';
import { candidatesOf, isToBeChecked, sourceKey } from '../endpoint/candidate.ts';
import { type DrainGuardState, NO_SUSPICION } from '../endpoint/drain-guard.ts';
import { checksOf } from '../health/check.ts';
import { HealthMemory } from '../health/memory.ts';
import { Monitor, type Observation } from '../health/monitor.ts';
import type { Prober } from '../health/probe.ts';
import type { EndpointSliceObject, KubeObject } from '../manifest/kube-object.ts';
import { type ExistingObjects, NOTHING_EXISTS, serviceNameOf } from '../plan/existing-objects.ts';
import type { RemovalInput } from '../plan/plan-removal.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import { type Clock, type Instant, instantOf } from '../target/clock.ts';
import { DEFAULT_GUARDS, type Guards } from '../target/guards.ts';
import type { Random } from '../target/random.ts';
import { type BackOff, backOffAfter, NO_BACK_OFF } from './back-off.ts';
import { CheckSet } from './check-set.ts';
import {
  type DecideOptions,
  type Decision,
  decide,
  type FleetView,
  type TargetDecision,
  type TargetMoment,
  viewMoment,
} from './decide.ts';
import { fencedStore } from './fenced-store.ts';
import type { Log } from './log.ts';
import type { ApiFailure, ObjectStore } from './object-store.ts';
import { isOursInPart } from './owned-objects.ts';
import { PlanCarrier } from './plan-carrier.ts';
import { type ClusterView, readCluster, readService } from './read-cluster.ts';
import { SettlementKeeper } from './settlement-keeper.ts';
import { StateKeeper } from './state-keeper.ts';
import type { StateStore } from './sync-state.ts';
import { TargetBook } from './target-book.ts';
import { isNews, type ObjectSighting, type TargetEntry } from './target-entry.ts';

export interface WorkerPorts {
  readonly store: ObjectStore;
  readonly state: StateStore;
  readonly resolver: TimedResolver;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
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

/** More targets than this are read by listing, fewer one by one. */
const READ_ONE_BY_ONE = 5;

const PLANS_AT_ONCE = 16;

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
  #guards: Guards = DEFAULT_GUARDS;
  #stateless = false;
  /** Entries that wait to be decided again. */
  readonly #dirty = new Set<TargetEntry>();
  /** No entry changes by time alone before then. */
  #earliestChangeMs = Number.POSITIVE_INFINITY;
  #readBackOff: BackOff = NO_BACK_OFF;
  #guardState: DrainGuardState = NO_SUSPICION;
  #lastHealthyMs = Number.NEGATIVE_INFINITY;
  #listed = false;
  #wake = new AbortController();
  #woken = false;
  #led = false;
  readonly #readings = new Set<Promise<void>>();
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
      onAnswer: (key, { resolution }) => this.#onAnswer(key, resolution),
    });
    this.#monitor = new Monitor({
      prober,
      clock,
      random,
      maxInFlight: settings.maxProbesInFlight,
      onObservation: (observation) => this.#onObservation(observation),
    });
    this.#checks = new CheckSet(this.#monitor, clock, new HealthMemory(new Map()));
    this.#state = new StateKeeper(ports);
    this.#keeper = new SettlementKeeper(ports);
  }

  /** A list is in force from now on: the first, or another. Targets that it does not change go on undisturbed. */
  setList(list: TargetList): void {
    this.#guards = list.guards;
    this.#listed = true;
    const nowMs = this.#ports.clock.monotonicNow();
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
      await Promise.all([...watching, ...this.#readings]);
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
    if (isLeader()) await this.#state.save(this.#book.entries.values(), this.#checks, writing.signal);
    done.abort();
    await deadline;
  }

  async #loadState(signal: AbortSignal): Promise<void> {
    const loaded = await this.#state.load(signal);
    this.#stateless = loaded.kind === 'unusable';
    this.#checks.recallFrom(new HealthMemory(loaded.state.health));
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
        maxAtOnce: PLANS_AT_ONCE,
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
    entry.existing = undefined;
    entry.drifted = true;
    this.#markDirty(entry);
  }

  #isOurs(object: KubeObject): boolean {
    const existing: ExistingObjects =
      object.kind === 'EndpointSlice'
        ? { slices: [object as EndpointSliceObject] }
        : { [object.kind === 'Service' ? 'service' : 'endpoints']: object, slices: [] };
    return isOursInPart(existing, this.#settings.options.instance);
  }

  #onAnswer(key: WatchKey, resolution: NameResolution): void {
    const answer = { resolution, answeredAtMs: this.#ports.clock.monotonicNow() };
    for (const { entry, source } of this.#book.usersOf(key)) {
      entry.answers.set(source, answer);
      // Unchanged answers too: rotation and holds are counted in answers.
      this.#markDirty(entry);
    }
  }

  #onObservation({ check, sample, before, after }: Observation): void {
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
    if (!this.#listed) return;
    const nowMs = this.#ports.clock.monotonicNow();
    this.#noteLeadership();
    this.#noteTime(nowMs);
    const due = [...this.#dirty].filter((entry) => !entry.busy && this.#dueAtMs(entry) <= nowMs);
    const unread = due.filter((entry) => entry.existing === undefined);
    if (unread.length > 0 && this.#readBackOff.untilMs <= nowMs) this.#startReading(unread, signal);
    const ready = due.filter((entry) => entry.existing !== undefined);
    if (ready.length > 0) this.#decide(ready, carrier);
    carrier.pump();
    if (this.#ports.isLeader() && !this.#stateless) {
      this.#state.saveIfDue(nowMs, this.#book.entries.values(), this.#checks, signal);
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
      const readableAtMs =
        entry.existing === undefined ? this.#readBackOff.untilMs : Number.NEGATIVE_INFINITY;
      earliest = Math.min(earliest, Math.max(this.#dueAtMs(entry), readableAtMs));
    }
    return earliest;
  }

  #startReading(entries: readonly TargetEntry[], signal: AbortSignal): void {
    for (const entry of entries) entry.busy = true;
    const task = this.#read(entries, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#fail(error);
      })
      .finally(() => {
        for (const entry of entries) {
          entry.busy = false;
          this.#afterBusy(entry);
        }
        this.#readings.delete(task);
      });
    this.#readings.add(task);
  }

  async #read(entries: readonly TargetEntry[], signal: AbortSignal): Promise<void> {
    const { store, clock, random, log } = this.#ports;
    const failed = (failure: ApiFailure) => {
      this.#readBackOff = backOffAfter(this.#readBackOff, clock.monotonicNow(), random);
      log.warn(failure.reason, `the cluster cannot be read: ${failure.message}`, {
        tries: this.#readBackOff.failures,
      });
    };
    if (entries.length <= READ_ONE_BY_ONE) {
      for (const entry of entries) {
        const read = await readService(entry, store, signal);
        if (!read.ok) {
          failed(read.failure);
          return;
        }
        entry.existing = read.value;
      }
    } else {
      const { instance } = this.#settings.options;
      const read = await readCluster(entries, instance, store, signal);
      if (!read.ok) {
        failed(read.failure);
        return;
      }
      this.#takeIn(read.view, entries);
    }
    this.#readBackOff = NO_BACK_OFF;
  }

  #takeIn(view: ClusterView, entries: readonly TargetEntry[]): void {
    const { clock, random } = this.#ports;
    for (const entry of entries) {
      const failure = view.unreadable.get(entry.namespace);
      if (failure === undefined) {
        entry.existing = view.byService.get(entry.key) ?? NOTHING_EXISTS;
        continue;
      }
      entry.backOff = backOffAfter(entry.backOff, clock.monotonicNow(), random);
      this.#keeper.keepUnreadable(entry, failure);
    }
    for (const [key, existing] of view.byService) {
      if (this.#book.entries.has(key) || !isOursInPart(existing, this.#settings.options.instance)) continue;
      const [namespace = '', name = ''] = key.split('/');
      const entry = this.#book.entryFor(namespace, name);
      entry.existing = existing;
      this.#markDirty(entry);
    }
  }

  #decide(entries: readonly TargetEntry[], carrier: PlanCarrier): void {
    const now = instantOf(this.#ports.clock);
    const moments: TargetMoment[] = [];
    const deciding: TargetEntry[] = [];
    const leaving: TargetEntry[] = [];
    for (const entry of entries) {
      this.#dirty.delete(entry);
      entry.dirtySinceMs = undefined;
      const { target, existing = NOTHING_EXISTS, memory, answers } = entry;
      if (target === undefined) {
        leaving.push(entry);
        continue;
      }
      const moment = { target, existing, memory, answers };
      this.#followAddresses(entry, moment, now);
      if (now.monotonicMs < entry.patienceUntilMs && !this.#checks.haveVerdicts(entry.key)) {
        // Its checks have only just begun; their verdicts, or the end of patience, bring it back here.
        this.#markDirty(entry);
        continue;
      }
      moments.push(moment);
      deciding.push(entry);
    }
    const decision = decide(
      {
        targets: moments,
        removals: this.#removals(leaving),
        ownedServices: leaving.length === 0 ? 0 : this.#ownedServices(),
        healthOf: (id) => this.#checks.health(id),
        guards: this.#guards,
        options: this.#settings.options,
        stateless: this.#stateless,
        fleet: this.#fleet(new Set(deciding)),
      },
      now,
    );
    this.#guardState = decision.guard;
    this.#takeDecision(decision, deciding, carrier, now.monotonicMs);
  }

  #takeDecision(
    decision: Decision,
    deciding: readonly TargetEntry[],
    carrier: PlanCarrier,
    nowMs: number,
  ): void {
    const leading = this.#ports.isLeader();
    for (const [index, each] of decision.targets.entries()) {
      const entry = deciding[index];
      if (entry === undefined) throw new Error('a decision without its entry');
      entry.memory = each.memory;
      entry.readyAddresses = each.verdicts.filter(isServing).length;
      entry.nextChangeAtMs = each.nextChangeAtMs;
      this.#afterDecision(entry, each, carrier, leading, nowMs);
    }
    for (const plan of decision.removals) {
      const entry = this.#book.entryFor(plan.namespace, plan.name);
      this.#afterDecision(entry, { plan, assessments: [] }, carrier, leading, nowMs);
    }
    this.#state.noteChange();
  }

  #afterDecision(
    entry: TargetEntry,
    decided: TargetPlan | TargetDecision,
    carrier: PlanCarrier,
    leading: boolean,
    nowMs: number,
  ): void {
    const { plan } = decided;
    entry.recheckAtMs = plan.phase === 'Refused' || plan.phase === 'Pending' ? nowMs + RECHECK_MS : Infinity;
    this.#earliestChangeMs = Math.min(this.#earliestChangeMs, entry.nextChangeAtMs, entry.recheckAtMs);
    if (plan.actions.length === 0 && plan.continuation === undefined) this.#keeper.keepAtRest(entry, decided);
    else if (leading) carrier.carry(entry, decided);
  }

  /** What has left the list: to be taken away if it is ours, to be forgotten if it is not. */
  #removals(leaving: readonly TargetEntry[]): RemovalInput[] {
    const { instance } = this.#settings.options;
    return leaving.flatMap(({ key, namespace, name, existing = NOTHING_EXISTS }) => {
      if (isOursInPart(existing, instance)) return [{ namespace, name, existing, instance }];
      this.#book.entries.delete(key);
      return [];
    });
  }

  #fleet(deciding: ReadonlySet<TargetEntry>): FleetView {
    let readyElsewhere = 0;
    for (const entry of this.#book.entries.values()) {
      if (!deciding.has(entry)) readyElsewhere += entry.readyAddresses;
    }
    const referenceReachable = this.#readBackOff.failures === 0;
    return { readyElsewhere, referenceReachable, lastHealthyMs: this.#lastHealthyMs, guard: this.#guardState };
  }

  #ownedServices(): number {
    const { instance } = this.#settings.options;
    let count = 0;
    for (const { existing } of this.#book.entries.values()) {
      if (existing !== undefined && isOursInPart(existing, instance)) count += 1;
    }
    return count;
  }

  /** New addresses are checked from now on, those that are gone no longer. */
  #followAddresses(entry: TargetEntry, moment: TargetMoment, now: Instant): void {
    const { known } = viewMoment(moment, (id) => this.#checks.health(id), this.#stateless, now);
    const candidates = candidatesOf(moment.target, known, this.#guards);
    this.#checks.replace(entry.key, checksOf(moment.target, candidates.filter(isToBeChecked)));
  }
}
