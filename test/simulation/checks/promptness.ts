import { keyOfSpec, type ListVersion, type TargetSpec } from '../scenario/target-spec.ts';
import type { HostMode } from '../world/hosts.ts';
import { contentOf, hasSelector, serviceKeyOfSlice } from '../world/kube-words.ts';
import type { ProductProcess } from '../world/product-process.ts';
import type { World } from '../world/world.ts';
import { leaseHolder } from './leadership.ts';

/** The sequential requests between a verdict and its slice, and other short delays. */
const REQUESTS_BEFORE = 12;
const SLACK_MS = 1_500;
/** Of the health check: its fast interval and its timeout. */
const FAST_INTERVAL_MS = 500;
const TIMEOUT_MS = 1_000;
/** After this time a replica has started completely, and has retried what it could not do at first. */
const SETTLED_IN_MS = 40_000;

/** A target without faults: its addresses must be ready by a certain time, whatever happens to other targets. */
interface Expectation {
  readonly spec: TargetSpec;
  readonly list: ListVersion;
  readonly worker: ProductProcess['process'];
  readonly sinceMs: number;
  readonly what: string;
}

/**
 * Invariant 6, checked by time: when a target's own hosts are healthy, and only hosts and names of other targets have
 * faults, its addresses are ready within the time of its own checks and writes.
 */
export class Promptness {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    world.hosts.onChange((address, mode) => {
      if (mode === 'accept') this.#onRecovery(address);
      else if (mode !== 'flap') this.#onFailure(address, mode);
    });
  }

  /** A pass begins: targets without faults are ready soon, however long the pass takes. */
  onPass({ process }: ProductProcess): void {
    const { file, scheduler, workers } = this.#world;
    // An earlier pass may write its older observation after this pass has observed.
    if ([...workers].some(([each, { mayWrite }]) => each !== process && each.alive && mayWrite)) return;
    for (const spec of file.read().version.targets ?? []) {
      const withinMs = thresholdMs(spec) + this.#writingMs() + SLACK_MS;
      this.#expect(
        { spec, list: file.current, worker: process, sinceMs: scheduler.nowMs, what: 'a pass began' },
        withinMs,
      );
    }
  }

  #onRecovery(address: string): void {
    const { file, scheduler, scenario } = this.#world;
    if (scenario.mode !== 'deployment') return;
    const leader = leaseHolder(this.#world);
    if (leader === undefined || leader.startedMs > scheduler.nowMs - SETTLED_IN_MS) return;
    for (const spec of file.read().version.targets ?? []) {
      if (!spec.endpoints.some((source) => 'address' in source && source.address === address)) continue;
      const withinMs =
        spec.checkSeconds * 1_000 + TIMEOUT_MS + thresholdMs(spec) + this.#writingMs() + SLACK_MS;
      this.#expect(
        { spec, list: file.current, worker: leader, sinceMs: scheduler.nowMs, what: `${address} recovered` },
        withinMs,
      );
    }
  }

  /**
   * An address fails while every other one is well: it leaves within its thresholds, and a standby takes over, unless
   * nothing else of the target is ready.
   */
  #onFailure(address: string, mode: HostMode): void {
    const { file, scheduler, scenario } = this.#world;
    if (scenario.mode !== 'deployment') return;
    const worker = leaseHolder(this.#world);
    if (worker === undefined || worker.startedMs > scheduler.nowMs - SETTLED_IN_MS) return;
    const sinceMs = scheduler.nowMs;
    for (const spec of file.read().version.targets ?? []) {
      const listed = spec.endpoints.flatMap((source) => ('address' in source ? [source.address] : []));
      if (!listed.includes(address) || listed.length < 2 || listed.length < spec.endpoints.length) continue;
      const promise = { spec, list: file.current, worker, sinceMs, what: `${address} fails (${mode})` };
      const failuresMs = spec.unhealthyThreshold * (FAST_INTERVAL_MS + TIMEOUT_MS);
      const withinMs = spec.checkSeconds * 1_000 + failuresMs + this.#writingMs() + SLACK_MS;
      const isPlain = () =>
        spec.panicPercent === undefined &&
        this.#isUndisturbed(promise) &&
        this.#isOnlyTrouble(address, mode, sinceMs) &&
        this.#isOurBusiness(spec);
      if (!isPlain()) continue;
      scheduler.in(withinMs, () => {
        if (!worker.alive || !isPlain()) return;
        const ready = this.#readyAddresses(spec);
        if (!ready.has(address) && ready.size > 0) return;
        const what = ready.has(address) ? `${address} is still ready` : 'nothing is ready';
        this.#world.checkers.report(6, `${keyOfSpec(spec)}: ${what} ${withinMs} ms after ${promise.what}`);
      });
    }
  }

  /** No other host has had a fault lately, so no drain is in doubt. */
  #isOnlyTrouble(address: string, mode: HostMode, sinceMs: number): boolean {
    const { hosts } = this.#world;
    return (
      hosts.mode(address) === mode &&
      hosts.all().every(([each]) => each === address || hosts.isWellSince(each, sinceMs - SETTLED_IN_MS))
    );
  }

  #writingMs(): number {
    return REQUESTS_BEFORE * 2 * this.#world.scenario.latencyMs[1];
  }

  #expect(promise: Expectation, withinMs: number): void {
    if (!this.#isInPlainOrder(promise)) return;
    this.#world.scheduler.in(withinMs, () => {
      const late = this.#lateAddresses(promise.spec);
      if (late.length === 0 || !promise.worker.alive || !this.#isInPlainOrder(promise)) return;
      const key = keyOfSpec(promise.spec);
      this.#world.checkers.report(
        6,
        `${key}: ${late.join(', ')} not ready ${withinMs} ms after ${promise.what}, with nothing but others in trouble`,
      );
    });
  }

  /** Compared before and after: no other delay happened in between. */
  #isInPlainOrder(promise: Expectation): boolean {
    const { spec, sinceMs } = promise;
    const { hosts } = this.#world;
    if (!this.#isUndisturbed(promise)) return false;
    const isClean = spec.endpoints.every(
      (source) =>
        'address' in source &&
        source.priority === undefined &&
        !source.address.includes(':') &&
        hosts.isWellSince(source.address, sinceMs),
    );
    return isClean && this.#isOurBusiness(spec);
  }

  #isUndisturbed({ spec, list, worker, sinceMs }: Expectation): boolean {
    const { file, scenario, disturbance, scheduler, workers } = this.#world;
    const fromMs = scenario.mode === 'deployment' ? sinceMs - SETTLED_IN_MS : sinceMs;
    if (disturbance.lastedUntilMs(scheduler.nowMs) > fromMs || file.read().version !== list) return false;
    if (scenario.mode === 'deployment' && leaseHolder(this.#world) !== worker) return false;
    if (scenario.mode === 'deployment' && workers.get(worker)?.newestList?.text !== list.text) return false;
    return spec.check !== 'none' && spec.resources.includes('EndpointSlice');
  }

  /** An adopted or refused target may take longer. */
  #isOurBusiness(spec: TargetSpec): boolean {
    const { cluster, checkers, scenario } = this.#world;
    const key = keyOfSpec(spec);
    const service = cluster.core.store.get('services', key)?.object;
    if (service === undefined) return spec.create && !scenario.handMade.some((made) => made.key === key);
    if (hasSelector(service) || !checkers.ownership.isOurs(service)) return false;
    return this.#slicesOf(key).every((slice) => checkers.ownership.isOurs(slice));
  }

  #lateAddresses(spec: TargetSpec): string[] {
    const ready = this.#readyAddresses(spec);
    return spec.endpoints.flatMap((source) =>
      'address' in source && !ready.has(source.address) ? [source.address] : [],
    );
  }

  #readyAddresses(spec: TargetSpec): ReadonlySet<string> {
    return new Set(
      this.#slicesOf(keyOfSpec(spec)).flatMap((slice) =>
        (contentOf(slice).endpoints ?? []).flatMap(({ addresses, conditions }) =>
          (conditions?.ready ?? true) ? addresses : [],
        ),
      ),
    );
  }

  #slicesOf(key: string) {
    const [namespace = ''] = key.split('/');
    return this.#world.cluster.core.store
      .list('endpointslices', `${namespace}/`)
      .map(({ object }) => object)
      .filter((slice) => serviceKeyOfSlice(slice) === key);
  }
}

function thresholdMs({ healthyThreshold }: TargetSpec): number {
  return (healthyThreshold - 1) * FAST_INTERVAL_MS;
}
