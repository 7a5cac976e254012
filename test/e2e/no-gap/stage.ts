import { KubeConfig } from '@kubernetes/client-node';
import type { ObjectStore } from '../../../src/cluster/object-store.ts';
import { readService } from '../../../src/cluster/read-cluster.ts';
import { gzipText } from '../../../src/io/gzip-text.ts';
import { KubeStore } from '../../../src/io/kube-store.ts';
import { KubeTransport } from '../../../src/io/kube-transport.ts';
import { systemClock } from '../../../src/io/system-clock.ts';
import type { EndpointSliceObject, KubeObject } from '../../../src/manifest/kube-object.ts';
import { MIRROR_CONTROLLER } from '../../../src/manifest/labels.ts';
import { existingFrom } from '../../../src/plan/existing-objects.ts';
import { ConfigMapState } from '../../../src/state/config-map-state.ts';
import { startCluster, type TestCluster } from '../../support/cluster.ts';
import { onePass, oneRelease, type ScriptedWorld } from '../../support/one-pass.ts';
import { OtherManager } from '../../support/other-manager.ts';
import { ReadyHistory } from '../../support/ready-history.ts';
import { listOf } from '../../support/targets.ts';
import { waitFor } from '../../support/wait-for.ts';

const NEVER = new AbortController().signal;

/** A cluster with a namespace, somebody who watches it, and everybody who writes to it. */
export class Stage {
  readonly cluster: TestCluster;
  readonly namespace: string;
  readonly store: KubeStore;
  readonly history: ReadyHistory;
  readonly #transport: KubeTransport;

  private constructor(
    cluster: TestCluster,
    namespace: string,
    transport: KubeTransport,
    store: KubeStore,
    history: ReadyHistory,
  ) {
    this.cluster = cluster;
    this.namespace = namespace;
    this.#transport = transport;
    this.store = store;
    this.history = history;
  }

  static async start(): Promise<Stage> {
    // Services get one family unless they ask for two.
    const cluster = await startCluster({ serviceCidrs: ['10.96.0.0/16', 'fd00:10:96::/112'] });
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfigPath);
    const transport = new KubeTransport({ load: () => config, clock: systemClock, userAgent: 'test' });
    const store = new KubeStore(transport);
    const namespace = await cluster.createNamespace('no-gap');
    return new Stage(cluster, namespace, transport, store, await ReadyHistory.start(store, namespace));
  }

  async stop(): Promise<void> {
    await this.history.stop();
    await this.#transport.close();
    await this.cluster.stop();
  }

  as(manager: string): OtherManager {
    return new OtherManager(this.#transport, manager);
  }

  /** One pass over a list of one target, through the given way to the cluster. Resolves with phase and reason. */
  async sync(target: string, store: ObjectStore, world: ScriptedWorld = {}): Promise<string> {
    const list = listOf(target, this.#defaults);
    const state = this.#stateOf(list.targets[0]?.name ?? '', store);
    const { report } = await onePass({ list, store, clock: systemClock, world, state });
    return `${report.targets[0]?.phase} ${report.targets[0]?.reason}`;
  }

  async release(name: string, store: ObjectStore): Promise<string> {
    const state = this.#stateOf(name, store);
    const work = { services: [{ namespace: this.namespace, name }] };
    const { report } = await oneRelease({ work, waitMs: 15_000, store, state, clock: systemClock });
    return `${report.targets[0]?.phase} ${report.targets[0]?.reason}`;
  }

  /** Everything under a Service's name, without what differs from run to run. */
  async objectsOf(name: string): Promise<unknown> {
    const read = await readService({ namespace: this.namespace, name }, this.store, NEVER);
    if (!read.ok) throw new Error(read.failure.message);
    const { service, endpoints, slices } = read.value;
    const objects = [service, endpoints, ...slices].flatMap((object) => object ?? []);
    const text = JSON.stringify(objects.map(comparable))
      .replaceAll(name, 'NAME')
      // The mirroring controller's names are random, addresses of Services are as they come.
      .replaceAll(/NAME-[a-z0-9]{5}"/g, 'NAME-RANDOM"');
    const sorted = (JSON.parse(text) as unknown[]).map((object) => JSON.stringify(object)).sort();
    return sorted.map((object) => JSON.parse(object) as unknown);
  }

  /** The mirroring controller has caught up: its slices serve so many addresses. */
  async mirrored(name: string, count: number): Promise<void> {
    const namespace = this.namespace;
    const labelSelector = `kubernetes.io/service-name=${name},endpointslice.kubernetes.io/managed-by=${MIRROR_CONTROLLER}`;
    await waitFor(`${count} mirrored addresses of ${name}`, async () => {
      const listed = await this.store.list('EndpointSlice', { namespace, labelSelector }, NEVER);
      if (!listed.ok) throw new Error(listed.failure.message);
      const { slices } = existingFrom(listed.value.items);
      return slices.flatMap(({ endpoints }) => endpoints ?? []).length === count;
    });
  }

  /** Each Service has a state of its own, so that runs do not see each other's. */
  #stateOf(name: string, store: ObjectStore): ConfigMapState {
    return new ConfigMapState(store, gzipText, systemClock, { namespace: this.namespace, instance: name });
  }

  get #defaults(): string {
    return `
defaults:
  namespace: ${this.namespace}
  healthCheck: { interval: 1s, fastInterval: 100ms, healthyThreshold: 1, unhealthyThreshold: 1 }
`;
  }
}

/**
 * Without uids, versions and addresses of the cluster's own. What the mirroring controller copies is its business
 * when, and its order is random.
 */
function comparable(object: KubeObject): unknown {
  const { metadata, status: _status, ...content } = object as KubeObject & { readonly status?: unknown };
  const { endpoints } = content as Partial<EndpointSliceObject>;
  const sorted = endpoints?.toSorted((a, b) => ((a.addresses[0] ?? '') < (b.addresses[0] ?? '') ? -1 : 1));
  const rest = { ...content, ...(sorted === undefined ? {} : { endpoints: sorted }) };
  const { name, annotations, ownerReferences, managedFields = [] } = metadata;
  const isMirrored = metadata.labels?.['endpointslice.kubernetes.io/managed-by'] === MIRROR_CONTROLLER;
  const labels = isMirrored ? 'copied' : metadata.labels;
  const owners = managedFields.map(({ manager, operation }) => `${manager} ${operation}`).sort();
  const references = (ownerReferences ?? []).map((reference) => ({ ...reference, uid: 'UID' }));
  const { spec } = rest as { readonly spec?: { readonly clusterIP?: string; readonly clusterIPs?: unknown } };
  const { clusterIP: _clusterIP, clusterIPs: _clusterIPs, ...stable } = spec ?? {};
  return { ...rest, spec: stable, metadata: { name, labels, annotations, references, owners } };
}
