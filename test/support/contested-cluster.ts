import type { ObjectStore, StoredKind } from '../../src/cluster/object-store.ts';
import { ALL_CONTROLLERS } from '../../src/embedded/apiserver/controllers/controllers.ts';
import type { PodAddress } from '../../src/embedded/apiserver/controllers/service-endpoints.ts';
import type { FaultRule } from '../../src/embedded/apiserver/faults.ts';
import type { KubeObject } from '../../src/manifest/kube-object.ts';
import type { SyncReport, TargetReport } from '../../src/sync/sync-report.ts';
import { type InMemoryClient, InMemoryCluster } from './in-memory-cluster.ts';
import { ManualClock } from './manual-clock.ts';
import { mortalStore } from './mortal-store.ts';
import { type OnePass, onePass, oneRelease } from './one-pass.ts';
import { OtherManager } from './other-manager.ts';
import { storeWith } from './store-with.ts';
import { listOf } from './targets.ts';

const NEVER = new AbortController().signal;

/** A cluster with its controllers, in which another writer acts between the reads and the writes of a pass. */
export class ContestedCluster {
  readonly clock = new ManualClock();
  readonly client: InMemoryClient;
  readonly #cluster: InMemoryCluster;
  readonly #controllers = new AbortController();
  readonly #meddlings: {
    readonly write: string;
    readonly by: () => Promise<unknown>;
    left: number;
  }[] = [];

  /** Addresses of the Pods behind every selector. */
  readonly pods: PodAddress[] = [];

  constructor() {
    this.#cluster = new InMemoryCluster(this.clock);
    const selectPods = () => this.pods;
    this.#cluster.server.startControllers(
      { controllers: ALL_CONTROLLERS, selectPods },
      this.#controllers.signal,
    );
    this.client = this.#cluster.newClient();
  }

  stop(): void {
    this.#controllers.abort();
  }

  as(manager: string): OtherManager {
    return new OtherManager(this.client, manager);
  }

  inject(rule: FaultRule): void {
    this.#cluster.server.faults.inject(rule);
  }

  /** Ends all faults. */
  heal(): void {
    this.#cluster.server.faults.clear();
  }

  /** Another writer acts right before a write of a pass, such as `apply Service` or `delete EndpointSlice`. */
  before(write: string, by: () => Promise<unknown>, times = 1): void {
    this.#meddlings.push({ write, by, left: times });
  }

  async pass(targets: string, more: Partial<OnePass> = {}): Promise<SyncReport> {
    const defaults = 'defaults: { namespace: default, healthCheck: { type: none } }';
    const list = listOf(targets, `metadata: { name: bench }\n${defaults}`);
    const clock = this.clock;
    const { report } = await clock.advanceUntil(onePass({ list, store: this.#store, clock, ...more }));
    return report;
  }

  /** A pass over one target. */
  async passOne(target: string, more: Partial<OnePass> = {}): Promise<TargetReport> {
    const { targets } = await this.pass(target, more);
    if (targets[0] === undefined) throw new Error('the report has no target');
    return targets[0];
  }

  /** `release default/NAME`, by a process that is killed after that many writes. */
  async release(
    name: string,
    { waitMs = 15_000, ...more }: { waitMs?: number; selector?: Readonly<Record<string, string>> } = {},
    killAfterWrites = Number.POSITIVE_INFINITY,
  ): Promise<TargetReport> {
    const work = { services: [{ namespace: 'default', name }], ...more };
    const store = mortalStore(this.#store, killAfterWrites);
    const { report } = await this.clock.advanceUntil(oneRelease({ work, waitMs, store, clock: this.clock }));
    if (report.targets[0] === undefined) throw new Error('the report has no target');
    return report.targets[0];
  }

  async objects(kind: StoredKind, namespace = 'default'): Promise<readonly KubeObject[]> {
    const listed = await this.client.store.list(kind, { namespace }, NEVER);
    if (!listed.ok) throw new Error(listed.failure.message);
    return listed.value.items.filter(({ metadata }) => metadata.name !== 'kubernetes');
  }

  get #store(): ObjectStore {
    const { store } = this.client;
    const first = async <T>(verb: string, kind: string, then: () => Promise<T>): Promise<T> => {
      const meddling = this.#meddlings.find(({ write, left }) => left > 0 && write === `${verb} ${kind}`);
      if (meddling !== undefined) {
        meddling.left -= 1;
        await meddling.by();
      }
      return then();
    };
    return storeWith(store, {
      apply: (...args: Parameters<ObjectStore['apply']>) =>
        first('apply', args[0].kind, () => store.apply(...args)),
      patch: (...args: Parameters<ObjectStore['patch']>) =>
        first('patch', args[0].kind, () => store.patch(...args)),
      delete: (...args: Parameters<ObjectStore['delete']>) =>
        first('delete', args[0].kind, () => store.delete(...args)),
    } satisfies Partial<ObjectStore>);
  }
}
