import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';
import type { Change } from '../../../src/embedded/apiserver/store.ts';
import type { Cluster, Writer } from '../world/cluster.ts';
import {
  contentOf,
  hasSelector,
  SKIP_MIRROR,
  serviceKeyOf,
  serviceKeyOfSlice,
  subsetsOf,
} from '../world/kube-words.ts';
import type { SimProcess } from '../world/sim-process.ts';
import type { WorkerRecord } from '../world/worker-record.ts';
import { forbiddenAddresses } from './allowed-addresses.ts';
import { Blindness } from './blindness.ts';
import { gapAtHandover } from './handover.ts';
import { LateCommits } from './late-commits.ts';
import { type Circumstances, judgeLoss, namesOf, type Verdict } from './lost-route.ts';
import { bearsOurMarks, Ownership } from './ownership.ts';
import type { ReferenceHealth } from './reference-health.ts';
import { RivalLists } from './rival-lists.ts';
import { NO_TRAFFIC, type Route, type Traffic, trafficOf } from './traffic.ts';
import type { Violation } from './violation.ts';

const CLIENT_PATIENCE_MS = 30_000;

/** A watch's news takes so long at most, when nothing is wrong with it. */
const HEARS_WITHIN_MS = 2_000;

/** What the judge needs to know of the world around a change. */
export interface Bench {
  readonly cluster: Cluster;
  circumstances(): Circumstances;
  workerOf(process: SimProcess): WorkerRecord | undefined;
}

/** Watches every change of the cluster, at the moment it happens, for breaches of what must never happen. */
export class Judge {
  readonly violations: Violation[] = [];
  readonly ownership = new Ownership();
  readonly #lateCommits = new LateCommits();
  readonly #blindness = new Blindness();
  readonly #rivals = new RivalLists();
  readonly #bench: Bench;
  readonly #traffic = new Map<string, Traffic>();
  /**
   * When people last took objects of a Service away, and when each process did that gave it back: by the Service's key.
   * By key and address: when people last took that out of a slice.
   */
  readonly #takenAwayMs = new Map<string, Map<SimProcess | 'people', number>>();
  /** Since when a Service has a selector. */
  readonly #selectedSinceMs = new Map<string, number>();

  constructor(bench: Bench) {
    this.#bench = bench;
    bench.cluster.onChange((change, writer) => this.#look(change, writer));
  }

  /** A breach that somebody else found. */
  report(invariant: number, message: string): void {
    const atMs = this.#bench.circumstances().nowMs;
    this.violations.push({ invariant, atMs, message });
  }

  #look(change: Change, writer: Writer): void {
    const worker = workerBehind(writer, this.#bench);
    if (writer.kind === 'worker') this.#lookAtWrite(change, worker);
    const key = serviceKeyOf(change);
    const serviceStands =
      key !== undefined && this.#bench.cluster.core.store.get('services', key) !== undefined;
    const breach = this.ownership.follow(
      change,
      writer,
      worker,
      serviceStands,
      this.#bench.circumstances().nowMs,
    );
    if (breach !== undefined) this.report(1, breach);
    const late = this.#lateCommits.follow(change, writer, worker, this.#bench.circumstances().nowMs);
    if (late !== undefined) this.report(7, late);
    if (key === undefined) return;
    this.#followSelector(change, key);
    this.#noteTakenAway(change, key, writer, worker);
    const before = this.#traffic.get(key) ?? NO_TRAFFIC;
    const after = trafficOf(this.#bench.cluster.core.store, key);
    this.#traffic.set(key, after);
    if (worker === undefined || (change.resource === 'services' && change.type === 'DELETED')) return;
    const isCrossed = this.#bench.circumstances().mode === 'cronJob' && this.#rivals.isCrossed(key, worker);
    this.#rivals.note(key, worker, this.#bench.circumstances().nowMs);
    if (!isCrossed) this.#lookForLosses(key, before, after, worker, writer);
    this.#lookForDisputes(key, before, after, writer);
  }

  #lookAtWrite(change: Change, worker: WorkerRecord | undefined): void {
    if (worker === undefined) throw new Error('a worker wrote that nobody knows');
    worker.writes += 1;
    const { kind, metadata } = change.stored.object;
    const what = `${kind} ${metadata.namespace}/${metadata.name}`;
    if (!worker.mayWrite) this.report(11, `${what} was written by a preview`);
    const key = serviceKeyOf(change);
    if (!worker.hasList && key !== undefined && worker.releases !== key) {
      this.report(9, `${what} was written by a process that never read a good list`);
    }
    const { stalestMs } = this.#bench.circumstances();
    const selectedSinceMs = key === undefined ? undefined : this.#selectedSinceMs.get(key);
    // Slices of ours that would blend with Pods may go; nothing else may be done to such a Service.
    const isOwnSliceGoing = change.resource === 'endpointslices' && change.type === 'DELETED';
    const isSelected =
      selectedSinceMs !== undefined && selectedSinceMs < worker.process.startedMs - stalestMs;
    if (isSelected && !isOwnSliceGoing && !isGivenBack(change)) {
      this.report(1, `${what} was written although the Service has a selector`);
    }
    const gap =
      worker.releases === undefined ? undefined : gapAtHandover(change, this.#bench.cluster.core.store);
    if (gap !== undefined) this.report(3, gap);
    for (const address of forbiddenAddresses(change, this.#bench.circumstances().guards))
      this.report(8, `${what} was given ${address}, which no target may have`);
    if (change.resource === 'services' && change.type === 'DELETED') this.#lookAtDeletion(change, worker);
  }

  #lookAtDeletion(change: Change, worker: WorkerRecord): void {
    const key = change.stored.key;
    const specs = worker.specsOf(key, this.#bench.circumstances().nowMs);
    if (specs.length > 0 && specs.every((spec) => spec !== undefined)) {
      this.report(9, `Service ${key} was deleted although the list names it`);
    }
    worker.deletedServices.add(key);
    // One may always go: the share is rounded up, and a Service may have been taken over since the list was read.
    const allowed = Math.max(1, Math.ceil(worker.ownedServices * 0.3));
    if (worker.deletedServices.size > allowed) {
      this.report(
        9,
        `${worker.deletedServices.size} of ${worker.ownedServices} Services deleted by one list`,
      );
    }
  }

  #noteTakenAway(change: Change, key: string, { kind }: Writer, worker: WorkerRecord | undefined): void {
    const released = worker?.releases === undefined ? undefined : worker.process;
    const by = kind === 'people' ? kind : released;
    if (by === undefined) return;
    const what = change.type === 'DELETED' ? [key] : takenOut(change).map((address) => `${key} ${address}`);
    for (const each of what) {
      const takers = this.#takenAwayMs.get(each) ?? new Map<SimProcess | 'people', number>();
      this.#takenAwayMs.set(each, takers.set(by, this.#bench.circumstances().nowMs));
    }
  }

  #followSelector({ resource, stored, type }: Change, key: string): void {
    if (resource !== 'services') return;
    const selected = type !== 'DELETED' && hasSelector(stored.object);
    if (!selected) this.#selectedSinceMs.delete(key);
    else if (!this.#selectedSinceMs.has(key)) {
      this.#selectedSinceMs.set(key, this.#bench.circumstances().nowMs);
    }
  }

  #lookForLosses(key: string, before: Traffic, after: Traffic, worker: WorkerRecord, writer: Writer): void {
    if (this.#couldNotKnow(key, worker, writer)) return;
    // Nothing is served when the Service itself is gone, selects Pods or is only a name: somebody's wish.
    for (const [name, route] of before.routes) {
      if (after.routes.has(name) || this.#couldNotKnow(`${key} ${route.address}`, worker, writer)) continue;
      const verdict = this.#verdictOn(key, route, worker, writer);
      if (!verdict.allowed && this.#stepsBack(key, route, worker, after)) continue;
      if (verdict.allowed) {
        if (verdict.byVerdict && writer.kind === 'worker')
          this.#lookForBlindness(key, route, before, writer.process);
        continue;
      }
      const by =
        writer.kind === 'controller'
          ? `${writer.name}, following ${worker.process.name}`
          : worker.process.name;
      const rest = after.routes.size === 0 ? '; nothing is left' : `; ${after.routes.size} left`;
      this.report(verdict.because, `${key} lost ${name} through ${by}: ${verdict.why}${rest}`);
    }
  }

  /** A standby leaves the traffic to those that it stood in for. */
  #stepsBack(key: string, { address }: Route, worker: WorkerRecord, after: Traffic): boolean {
    const { nowMs, answers } = this.#bench.circumstances();
    const ready = addressesOf(after.routes);
    return worker.specsOf(key, nowMs).some((spec) => {
      const tiers = (spec?.endpoints ?? []).map((source) => {
        const { priority = 0 } = source as { priority?: number };
        const names = namesOf(source, answers);
        const has = (each: string) =>
          ('address' in source && source.address === each) ||
          names.some((name) => answers.everHad(name, each));
        return { priority, has };
      });
      const own = Math.min(...tiers.filter(({ has }) => has(address)).map(({ priority }) => priority));
      return tiers.some(({ priority, has }) => priority < own && [...ready].some(has));
    });
  }

  /** It built on objects that somebody else took away after it had looked, or before it could hear of it. */
  #couldNotKnow(what: string, { process }: WorkerRecord, writer: Writer): boolean {
    const { mode, longestLagMs, stalestMs } = this.#bench.circumstances();
    const lookedMs =
      mode === 'cronJob'
        ? process.startedMs - stalestMs
        : sentMsBehind(writer) - HEARS_WITHIN_MS - longestLagMs;
    const takers = [...(this.#takenAwayMs.get(what) ?? [])];
    return takers.some(([by, atMs]) => by !== process && atMs >= lookedMs);
  }

  /** By what the worker knows now, or knew when it sent the write. */
  #verdictOn(key: string, route: Route, worker: WorkerRecord, writer: Writer): Verdict {
    // The mirror is between two of its writes: what moves from one of its slices to another is in neither.
    if (writer.kind === 'controller' && this.#isBeingMirrored(key, route)) return { allowed: true };
    if (worker.releases !== undefined) return this.#verdictOnRelease(key, route, writer);
    const world = this.#bench.circumstances();
    const verdict = judgeLoss(key, route, worker, world);
    const knew = knowledgeBehind(writer);
    if (verdict.allowed || knew === undefined) return verdict;
    const { stateless } = worker;
    const specsOf: WorkerRecord['specsOf'] = (...at) => worker.specsOf(...at);
    return judgeLoss(key, route, { specsOf, stateless, health: knew }, world);
  }

  #isBeingMirrored(key: string, route: Route): boolean {
    const endpoints = this.#bench.cluster.core.store.get('endpoints', key)?.object;
    if (endpoints === undefined || endpoints.metadata.labels?.[SKIP_MIRROR] === 'true') return false;
    return carries(endpoints, route);
  }

  /** What is given back goes on serving; to Pods there is a check of its own. */
  #verdictOnRelease(key: string, route: Route, writer: Writer): Verdict {
    const { store } = this.#bench.cluster.core;
    const service = store.get('services', key)?.object;
    if (service !== undefined && hasSelector(service)) return { allowed: true };
    // Nobody who releases changes an address or port: what the Endpoints no longer have, others have taken out before.
    const endpoints = store.get('endpoints', key)?.object;
    const isCarried = endpoints !== undefined && carries(endpoints, route);
    if (writer.kind === 'controller' && !isCarried) return { allowed: true };
    return { allowed: false, because: 3, why: 'it was to be given back as it stands' };
  }

  #lookForBlindness(key: string, { address }: Route, before: Traffic, process: SimProcess): void {
    const { guards, nowMs, isWell, mode } = this.#bench.circumstances();
    if (!isWell(address)) return;
    // A pass that goes blind half-way has seen something healthy, and cannot know that it would not any more.
    const { blindSinceMs = nowMs } = process.machine;
    if (mode === 'cronJob' && blindSinceMs > process.startedMs) return;
    const traffic = new Map(this.#traffic).set(key, before);
    const ready = [...traffic.values()].reduce((sum, { routes }) => sum + addressesOf(routes).size, 0);
    const breach = this.#blindness.drained(process, { key, address }, ready, guards.maxDrainPercent, nowMs);
    if (breach !== undefined) this.report(10, breach);
  }

  /** Nothing can fence a creation that arrives when its client has long given it up; the next look removes it. */
  #isLongGivenUp(sentMs: number): boolean {
    return this.#bench.circumstances().nowMs - sentMs > CLIENT_PATIENCE_MS;
  }

  #hasOurSlices(key: string): boolean {
    const [namespace = ''] = key.split('/');
    return this.#bench.cluster.core.store
      .list('endpointslices', `${namespace}/`)
      .some(({ object }) => serviceKeyOfSlice(object) === key && this.ownership.isOurs(object));
  }

  #lookForDisputes(key: string, before: Traffic, after: Traffic, writer: Writer): void {
    if (writer.kind === 'people' || this.#isLongGivenUp(sentMsBehind(writer))) return;
    // The mirroring controller moves addresses between slices of its own one write at a time.
    if (writer.kind === 'controller' && !this.#hasOurSlices(key)) return;
    if (this.#lateCommits.mayHaveTwoLeaders(this.#bench.circumstances().nowMs)) return;
    for (const place of after.disputed) {
      if (!before.disputed.has(place)) this.report(8, `slices of ${key} disagree about ${place}`);
    }
  }
}

/** Our marks go, and nothing else is said to change. */
function isGivenBack({ before, stored }: Change): boolean {
  return before !== undefined && bearsOurMarks(before.object) && !bearsOurMarks(stored.object);
}

/** Addresses that a slice served as ready, and does not any more. */
function takenOut({ resource, before, stored }: Change): string[] {
  if (resource !== 'endpointslices' || before === undefined) return [];
  const left = readyInSlice(stored.object);
  return [...readyInSlice(before.object)].filter((address) => !left.has(address));
}

function readyInSlice(slice: ApiObject): ReadonlySet<string> {
  const { endpoints } = contentOf(slice);
  const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready ?? true);
  return new Set(ready.flatMap(({ addresses }) => addresses));
}

/** The Endpoints have the address as ready, on that port. */
function carries(endpoints: ApiObject, route: Route): boolean {
  return subsetsOf(endpoints).some(
    ({ addresses = [], ports = [] }) =>
      addresses.some(({ ip }) => ip === route.address) &&
      ports.some(({ port, protocol = 'TCP' }) => port === route.port && protocol === route.protocol),
  );
}

function addressesOf(routes: Traffic['routes']): ReadonlySet<string> {
  return new Set([...routes.values()].map(({ address }) => address));
}

function sentMsBehind(writer: Writer): number {
  if (writer.kind === 'worker') return writer.sentMs;
  return writer.kind === 'controller' && writer.because !== undefined
    ? sentMsBehind(writer.because)
    : Number.POSITIVE_INFINITY;
}

function knowledgeBehind(writer: Writer): ReferenceHealth | undefined {
  if (writer.kind === 'worker') return writer.knew;
  return writer.kind === 'controller' && writer.because !== undefined
    ? knowledgeBehind(writer.because)
    : undefined;
}

/** A controller acts for whoever made it act; people answer for themselves. */
function workerBehind(writer: Writer, bench: Bench): WorkerRecord | undefined {
  if (writer.kind === 'worker') return bench.workerOf(writer.process);
  return writer.kind === 'controller' && writer.because !== undefined
    ? workerBehind(writer.because, bench)
    : undefined;
}
