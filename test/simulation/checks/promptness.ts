import { keyOfSpec, type ListVersion, type TargetSpec } from '../scenario/target-spec.ts';
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
  #isInPlainOrder({ spec, list, worker, sinceMs }: Expectation): boolean {
    const { file, hosts, scenario, disturbance, scheduler, workers } = this.#world;
    const fromMs = scenario.mode === 'deployment' ? sinceMs - SETTLED_IN_MS : sinceMs;
    if (disturbance.lastedUntilMs(scheduler.nowMs) > fromMs || file.read().version !== list) return false;
    if (scenario.mode === 'deployment' && leaseHolder(this.#world) !== worker) return false;
    if (scenario.mode === 'deployment' && workers.get(worker)?.newestList?.text !== list.text) return false;
    if (spec.check === 'none' || !spec.resources.includes('EndpointSlice')) return false;
    const isClean = spec.endpoints.every(
      (source) =>
        'address' in source &&
        source.priority === undefined &&
        !source.address.includes(':') &&
        hosts.isWellSince(source.address, sinceMs),
    );
    return isClean && this.#isOurBusiness(spec);
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
    const ready = new Set(
      this.#slicesOf(keyOfSpec(spec)).flatMap((slice) =>
        (contentOf(slice).endpoints ?? []).flatMap(({ addresses, conditions }) =>
          (conditions?.ready ?? true) ? addresses : [],
        ),
      ),
    );
    return spec.endpoints.flatMap((source) =>
      'address' in source && !ready.has(source.address) ? [source.address] : [],
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
