import { NO_EVENTS } from '../../src/cluster/event-sink.ts';
import type { ListScope, ObjectStore } from '../../src/cluster/object-store.ts';
import { proberOver } from '../../src/health/probe.ts';
import type { EndpointSliceObject, KubeObject } from '../../src/manifest/kube-object.ts';
import { MANAGER, SERVICE_NAME_LABEL, SLICE_MANAGED_BY_LABEL } from '../../src/manifest/labels.ts';
import { NO_LOG } from '../../src/model/log.ts';
import { Controller } from '../../src/sync/controller.ts';
import { NO_METRICS } from '../../src/sync/metrics.ts';
import { FOLLOW, type Policy } from '../../src/sync/policy.ts';
import type { TargetRecord } from '../../src/sync/target-record.ts';
import { runTogether } from '../../src/time/run-together.ts';
import { ResolverBench, SERVER } from './dns-resolver.ts';
import { type InMemoryClient, InMemoryCluster } from './in-memory-cluster.ts';
import type { ManualClock } from './manual-clock.ts';
import { OtherManager } from './other-manager.ts';
import { ScriptedNetwork } from './scripted-network.ts';
import { seededRandom } from './seeded-random.ts';
import { storeWith } from './store-with.ts';
import { listOf } from './targets.ts';

const DEFAULTS = `metadata: { name: bench }\ndefaults: { namespace: default, dns: { servers: ["${SERVER.address}"] } }`;

/**
 * A controller that follows a list, in a cluster without controllers and without watches: the test hands on what a
 * watch would show.
 */
export class FollowBench {
  readonly dns: ResolverBench;
  readonly clock: ManualClock;
  readonly network: ScriptedNetwork;
  readonly client: InMemoryClient;
  /** Writes as kubectl does. */
  readonly person: OtherManager;
  readonly controller: Controller;
  readonly #cluster: InMemoryCluster;
  /** Every kind was listed completely. */
  isScopeRead = true;
  /** Called when records were decided, and before their plans are handed on. */
  onDecided: () => void = () => undefined;
  /** Runs before the controller's next apply of this kind, once. */
  #before: { readonly kind: string; readonly by: () => Promise<unknown> } | undefined;
  readonly #stop = new AbortController();
  #running: Promise<unknown> = Promise.resolve();

  /** @param before stopped: this one comes after it, in the same cluster and network. */
  constructor(policy: Partial<Policy> = {}, before?: FollowBench) {
    this.dns = before?.dns ?? new ResolverBench();
    this.clock = this.dns.clock;
    this.network = before?.network ?? new ScriptedNetwork(this.clock);
    this.#cluster = before === undefined ? new InMemoryCluster(this.clock) : before.#cluster;
    this.client = this.#cluster.newClient();
    this.person = new OtherManager(this.#cluster.newClient(), 'kubectl');
    const { clock, network } = this;
    this.controller = new Controller(
      {
        store: this.#store,
        resolver: this.dns.resolver,
        prober: proberOver(network, clock),
        clock,
        random: seededRandom(1),
        log: NO_LOG,
        metrics: { ...NO_METRICS, decided: () => this.onDecided() },
        events: NO_EVENTS,
        isLeader: () => true,
      },
      {
        policy: { ...FOLLOW, ...policy },
        options: {
          instance: 'default',
          adopt: false,
          policy: 'sync',
          allowMassDelete: true,
          acceptDrain: false,
          pruneLists: [],
        },
        maxProbesInFlight: 100,
        isScopeRead: () => this.isScopeRead,
      },
    );
  }

  /** Follows this list from now on; runs until {@link stop}. */
  start(targets: string): void {
    this.setList(targets);
    this.controller.reconciler.setLeading(true);
    const tasks = [...this.controller.observer.tasks, () => this.#reconcile()];
    this.#running = runTogether(tasks, this.#stop.signal);
    this.#running.catch(() => undefined);
  }

  setList(targets: string, isComplete = true): void {
    this.controller.setList(listOf(targets, `${DEFAULTS}\nguards: { maxDrain: 100% }`), isComplete);
  }

  /** Ends the controller, and fails with what it failed with. */
  async stop(): Promise<void> {
    const stopped = new Error('the test ends');
    this.controller.stopWriting(stopped);
    this.#stop.abort(stopped);
    const { applyQueue, reader } = this.controller;
    await this.clock.advanceUntil(Promise.all([this.#running, applyQueue.drain(), reader.idle()]));
  }

  record(name: string): TargetRecord {
    return this.controller.registry.recordFor('default', name);
  }

  before(kind: string, by: () => Promise<unknown>): void {
    this.#before = { kind, by };
  }

  /** As a watch shows the object now. */
  async show(object: Parameters<OtherManager['get']>[0]): Promise<void> {
    this.controller.onObjectEvent({ object: await this.person.get<KubeObject>(object), deleted: false });
  }

  async slices(name: string): Promise<readonly EndpointSliceObject[]> {
    const scope: ListScope = { labelSelector: `${SERVICE_NAME_LABEL}=${name}` };
    const listed = await this.client.store.list('EndpointSlice', scope, new AbortController().signal);
    if (!listed.ok) throw new Error(listed.failure.message);
    return listed.value.items as EndpointSliceObject[];
  }

  /** The addresses in slices of the Service that are ours. */
  async served(name: string): Promise<Record<string, boolean | undefined>> {
    const slices = await this.slices(name);
    const ours = slices.filter(({ metadata }) => metadata.labels?.[SLICE_MANAGED_BY_LABEL] === MANAGER);
    const entries = ours.flatMap(({ endpoints }) => endpoints ?? []);
    return Object.fromEntries(entries.map(({ addresses: [at = ''], conditions }) => [at, conditions?.ready]));
  }

  async #reconcile(): Promise<never> {
    const { controller, clock } = this;
    const { signal } = this.#stop;
    for (;;) {
      controller.throwIfFailed();
      await controller.reconciler.reconcileDue(signal);
      await controller.signal.sleepUntil(
        Math.min(controller.reconciler.nextRoundAtMs, clock.monotonicNow() + 60_000),
        signal,
      );
    }
  }

  get #store(): ObjectStore {
    const { store } = this.client;
    return storeWith(store, {
      apply: async (...args: Parameters<ObjectStore['apply']>) => {
        const before = this.#before;
        if (before?.kind === args[0].kind) {
          this.#before = undefined;
          await before.by();
        }
        return store.apply(...args);
      },
    });
  }
}
