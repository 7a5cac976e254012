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

/** A watch event arrives within this time when the watch has no fault. */
const HEARS_WITHIN_MS = 2_000;

/** The mirroring controller has copied a change within this time. */
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
   * By the Service's key: when a person last deleted objects of it, and when each releasing process did. By key and
   * address: when a person last removed the address from a slice.
   */
  readonly #takenAwayMs = new Map<string, Map<SimProcess | 'people', number>>();
  /** By the Service's key and the route: when a worker last made the route take traffic. */
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

  /** A Service that is deleted, selects Pods or is an ExternalName serves nothing; a person wanted that. */
  #lookAtEach(step: WorkersStep): void {
    const { key, before, after, writer } = step;
    for (const [name, route] of before.routes) {
      const isOf = `${key} ${route.address}`;
      if (after.routes.has(name) || this.#isStillborn(name, step) || this.#couldNotKnow(isOf, step)) continue;
      const verdict = this.#verdictOn(key, route, step.worker, writer);
      if (verdict.allowed) {
        if (verdict.byVerdict && writer.kind === 'worker')
          this.#lookForDrainsWithoutConnectivity(key, route, { before, after }, writer.process);
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

  /** The mirroring controller removes addresses that were unused until the same plan gave the Service another family. */
  #isStillborn(name: string, { key, writer }: Step): boolean {
    const bornMs = this.#bornMs.get(`${key} ${name}`);
    if (writer.kind !== 'controller' || bornMs === undefined) return false;
    return this.#context.circumstances().nowMs - bornMs < MIRRORS_WITHIN_MS;
  }

  /** A standby stops taking traffic when the addresses that it replaced are ready again. */
  #stepsBack(key: string, { address }: Route, worker: WorkerRecord, after: Traffic): boolean {
    const { nowMs, answers } = this.#context.circumstances();
    // These addresses may not be mirrored yet.
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

  /** It relied on objects that another writer deleted after its read, or before the watch event arrived. */
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

  /** By the health that the worker knows now, or knew when it sent the write. */
  #verdictOn(key: string, route: Route, worker: WorkerRecord, writer: Writer): Verdict {
    // The mirroring controller is between two writes: an address that moves between its slices is in neither.
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

  /** A released Service keeps serving. A release to Pods has a check of its own. */
  #verdictOnRelease(key: string, route: Route, writer: Writer): Verdict {
    const { store } = this.#context.cluster.core;
    const service = store.get('services', key)?.object;
    if (service !== undefined && hasSelector(service)) return { allowed: true };
    // `release` changes no address or port. If the Endpoints lack one, another writer removed it before.
    const endpoints = store.get('endpoints', key)?.object;
    const isCarried = endpoints !== undefined && carries(endpoints, route);
    if (writer.kind === 'controller' && !isCarried) return { allowed: true };
    return { allowed: false, because: 3, why: 'it was to be given back as it stands' };
  }

  #lookForDrainsWithoutConnectivity(
    key: string,
    { address }: Route,
    { before, after }: Pick<Step, 'before' | 'after'>,
    process: SimProcess,
  ): void {
    const { guards, nowMs, isWell, mode } = this.#context.circumstances();
    if (!isWell(address)) return;
    // A pass that loses its connectivity half-way has seen healthy hosts, and cannot know that they are unreachable now.
    const { noConnectivitySinceMs = nowMs } = process.machine;
    if (mode === 'cronJob' && noConnectivitySinceMs > process.startedMs) return;
    const traffic = new Map(this.#traffic).set(key, before);
    const ready = [...traffic.values()].reduce((sum, { routes }) => sum + addressesOf(routes).size, 0);
    const isLast = after.routes.size === 0;
    const where = { key, address, isLast };
    const breach = this.#drains.drained(process, where, ready, guards.maxDrainPercent, nowMs);
    if (breach !== undefined) this.#report(10, breach);
  }
}

/** Addresses that a slice served as ready before the change, and not after it. */
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

/** Whether the Endpoints have the address as ready, on that port. */
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
