import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';
import type { Change } from '../../../src/embedded/apiserver/store.ts';
import type { Writer } from '../world/cluster.ts';
import { contentOf, hasSelector, SKIP_MIRROR, subsetsOf } from '../world/kube-words.ts';
import type { SimProcess } from '../world/sim-process.ts';
import type { WorkerRecord } from '../world/worker-record.ts';
import { type CheckContext, knowledgeBehind, type Report, type Step, sentMsBehind } from './check-context.ts';
import { DrainsWithoutConnectivity } from './drains-without-connectivity.ts';
import { judgeLoss, namesOf, type Verdict } from './lost-route.ts';
import { RivalLists } from './rival-lists.ts';
import type { Route, Traffic } from './traffic.ts';

/** A watch's news takes so long at most, when nothing is wrong with it. */
const HEARS_WITHIN_MS = 2_000;

/** What the mirroring controller has seen it has copied by then. */
const MIRRORS_WITHIN_MS = 500;

type WorkersStep = Step & { readonly worker: WorkerRecord };

/** Routes that stop taking traffic: invariants 2, 3 and 10. */
export class Losses {
  readonly #drains = new DrainsWithoutConnectivity();
  readonly #rivals = new RivalLists();
  readonly #context: CheckContext;
  readonly #report: Report;
  /** By the Service's key. */
  readonly #traffic = new Map<string, Traffic>();
  /**
   * When people last took objects of a Service away, and when each process did that gave it back: by the Service's key.
   * By key and address: when people last took that out of a slice.
   */
  readonly #takenAwayMs = new Map<string, Map<SimProcess | 'people', number>>();
  /** By the Service's key and the route: when it last began to take traffic, through a worker. */
  readonly #bornMs = new Map<string, number>();

  constructor(context: CheckContext, report: Report) {
    this.#context = context;
    this.#report = report;
  }

  look(step: Step): void {
    const { change, key, worker, after } = step;
    this.#noteTakenAway(step);
    this.#traffic.set(key, after);
    if (worker === undefined || (change.resource === 'services' && change.type === 'DELETED')) return;
    const { mode, nowMs } = this.#context.circumstances();
    const isCrossed = mode === 'cronJob' && this.#rivals.isCrossed(key, worker);
    this.#rivals.note(key, worker, nowMs);
    this.#noteBirths(step, nowMs);
    if (!isCrossed && !this.#couldNotKnow(key, step)) this.#lookAtEach({ ...step, worker });
  }

  #noteTakenAway({ change, key, writer: { kind }, worker }: Step): void {
    const released = worker?.releases === undefined ? undefined : worker.process;
    const by = kind === 'people' ? kind : released;
    if (by === undefined) return;
    const what = change.type === 'DELETED' ? [key] : takenOut(change).map((address) => `${key} ${address}`);
    for (const each of what) {
      const takers = this.#takenAwayMs.get(each) ?? new Map<SimProcess | 'people', number>();
      this.#takenAwayMs.set(each, takers.set(by, this.#context.circumstances().nowMs));
    }
  }

  #noteBirths({ key, before, after }: Step, nowMs: number): void {
    for (const name of after.routes.keys())
      if (!before.routes.has(name)) this.#bornMs.set(`${key} ${name}`, nowMs);
  }

  /** Nothing is served when the Service itself is gone, selects Pods or is only a name: somebody's wish. */
  #lookAtEach(step: WorkersStep): void {
    const { key, before, after, writer } = step;
    for (const [name, route] of before.routes) {
      const isOf = `${key} ${route.address}`;
      if (after.routes.has(name) || this.#isStillborn(name, step) || this.#couldNotKnow(isOf, step)) continue;
      const verdict = this.#verdictOn(key, route, step.worker, writer);
      if (verdict.allowed) {
        if (verdict.byVerdict && writer.kind === 'worker')
          this.#lookForDrainsWithoutConnectivity(key, route, before, writer.process);
      } else if (!this.#stepsBack(key, route, step.worker, after)) {
        this.#reportLoss(name, verdict, step);
      }
    }
  }

  #reportLoss(name: string, { because, why }: Verdict & { allowed: false }, step: WorkersStep): void {
    const { key, after, writer, worker } = step;
    const by =
      writer.kind === 'controller' ? `${writer.name}, following ${worker.process.name}` : worker.process.name;
    const rest = after.routes.size === 0 ? '; nothing is left' : `; ${after.routes.size} left`;
    this.#report(because, `${key} lost ${name} through ${by}: ${why}${rest}`);
  }

  /** The mirror takes away what stood in it and was of no use, until the same plan gave the Service another family. */
  #isStillborn(name: string, { key, writer }: Step): boolean {
    const bornMs = this.#bornMs.get(`${key} ${name}`);
    if (writer.kind !== 'controller' || bornMs === undefined) return false;
    return this.#context.circumstances().nowMs - bornMs < MIRRORS_WITHIN_MS;
  }

  /** A standby leaves the traffic to those that it stood in for. */
  #stepsBack(key: string, { address }: Route, worker: WorkerRecord, after: Traffic): boolean {
    const { nowMs, answers } = this.#context.circumstances();
    // Those may have yet to be mirrored.
    const ready = new Set([...addressesOf(after.routes), ...this.#readyInMirrored(key)]);
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
  #couldNotKnow(what: string, { worker, writer }: Step): boolean {
    const process = worker?.process;
    if (process === undefined) return false;
    const { mode, longestLagMs, stalestMs } = this.#context.circumstances();
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
    const world = this.#context.circumstances();
    const verdict = judgeLoss(key, route, worker, world);
    const knew = knowledgeBehind(writer);
    if (verdict.allowed || knew === undefined) return verdict;
    const { hasNoStateStore } = worker;
    const specsOf: WorkerRecord['specsOf'] = (...at) => worker.specsOf(...at);
    return judgeLoss(key, route, { specsOf, hasNoStateStore, health: knew }, world);
  }

  #isBeingMirrored(key: string, route: Route): boolean {
    const endpoints = this.#mirroredEndpoints(key);
    return endpoints !== undefined && carries(endpoints, route);
  }

  #readyInMirrored(key: string): string[] {
    const endpoints = this.#mirroredEndpoints(key);
    if (endpoints === undefined) return [];
    return subsetsOf(endpoints).flatMap(({ addresses = [] }) => addresses.map(({ ip }) => ip));
  }

  #mirroredEndpoints(key: string): ApiObject | undefined {
    const endpoints = this.#context.cluster.core.store.get('endpoints', key)?.object;
    return endpoints?.metadata.labels?.[SKIP_MIRROR] === 'true' ? undefined : endpoints;
  }

  /** What is given back goes on serving; to Pods there is a check of its own. */
  #verdictOnRelease(key: string, route: Route, writer: Writer): Verdict {
    const { store } = this.#context.cluster.core;
    const service = store.get('services', key)?.object;
    if (service !== undefined && hasSelector(service)) return { allowed: true };
    // Nobody who releases changes an address or port: what the Endpoints no longer have, others have taken out before.
    const endpoints = store.get('endpoints', key)?.object;
    const isCarried = endpoints !== undefined && carries(endpoints, route);
    if (writer.kind === 'controller' && !isCarried) return { allowed: true };
    return { allowed: false, because: 3, why: 'it was to be given back as it stands' };
  }

  #lookForDrainsWithoutConnectivity(
    key: string,
    { address }: Route,
    before: Traffic,
    process: SimProcess,
  ): void {
    const { guards, nowMs, isWell, mode } = this.#context.circumstances();
    if (!isWell(address)) return;
    // A pass that goes blind half-way has seen something healthy, and cannot know that it would not any more.
    const { noConnectivitySinceMs = nowMs } = process.machine;
    if (mode === 'cronJob' && noConnectivitySinceMs > process.startedMs) return;
    const traffic = new Map(this.#traffic).set(key, before);
    const ready = [...traffic.values()].reduce((sum, { routes }) => sum + addressesOf(routes).size, 0);
    const breach = this.#drains.drained(process, { key, address }, ready, guards.maxDrainPercent, nowMs);
    if (breach !== undefined) this.#report(10, breach);
  }
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
