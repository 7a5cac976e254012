import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';
import type { Change } from '../../../src/embedded/apiserver/store.ts';
import type { Random } from '../../../src/time/random.ts';
import type { Cluster, Writer } from './cluster.ts';
import {
  hasSelector,
  MIRROR,
  POD_ADDRESSES,
  SERVICE_NAME,
  SKIP_MIRROR,
  SLICE_CONTROLLER,
  SLICE_MANAGED_BY,
  serviceKeyOf,
  serviceKeyOfSlice,
  specOf,
} from './kube-words.ts';
import { mirroredSlices, type WantedObject } from './mirrored-slices.ts';
import type { Scheduler } from './scheduler.ts';
import { between } from './streams.ts';

const ACTS_WITHIN_MS = [5, 400] as const;
const EMPTIES_WITHIN_MS = [200, 8_000] as const;

/** The API paths of kinds outside the core group. */
const GROUPS: Readonly<Record<string, string>> = {
  endpointslices: '/apis/discovery.k8s.io/v1',
  events: '/apis/events.k8s.io/v1',
};

/**
 * The controllers of kube-controller-manager for the product's kinds: they mirror Endpoints into slices, write the
 * endpoints of Services with a selector, delete slices of deleted Services, and empty namespaces that are being deleted.
 * Each has a delay, and all of them can stop for a while.
 */
export class Controllers {
  down = false;
  readonly #cluster: Cluster;
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #pending = new Set<string>();
  readonly #lastWriter = new Map<string, Writer>();
  #never = new AbortController().signal;

  constructor(cluster: Cluster, scheduler: Scheduler, random: Random) {
    this.#cluster = cluster;
    this.#scheduler = scheduler;
    this.#random = random;
    cluster.onChange((change, writer) => this.#notice(change, writer));
  }

  #notice(change: Change, writer: Writer): void {
    const { resource, stored } = change;
    if (resource === 'namespaces' && stored.object.metadata.deletionTimestamp !== undefined)
      this.#plan(stored.key, EMPTIES_WITHIN_MS, () => this.#emptyNamespace(stored.key));
    const key = serviceKeyOf(change);
    if (key === undefined) return;
    if (writer.kind !== 'controller') this.#lastWriter.set(key, writer);
    this.#plan(key, ACTS_WITHIN_MS, () => {
      this.#collect(key);
      this.#writePods(key);
      this.#mirror(key);
    });
  }

  #plan(key: string, withinMs: readonly [number, number], act: () => void): void {
    if (this.#pending.has(key)) return;
    this.#pending.add(key);
    this.#scheduler.in(between(this.#random, ...withinMs), () => {
      this.#pending.delete(key);
      if (this.down) this.#scheduler.in(1_000, () => this.#plan(key, withinMs, act));
      else act();
    });
  }

  /** The namespace controller: the person who deleted the namespace is the writer of its deletions. */
  #emptyNamespace(name: string): void {
    const { store } = this.#cluster.core;
    const namespace = store.get('namespaces', name);
    if (namespace?.object.metadata.deletionTimestamp === undefined) return;
    for (const resource of ['services', 'endpoints', 'endpointslices', 'events']) {
      for (const { key } of store.list(resource, `${name}/`))
        this.#request('DELETE', resource, key, undefined, undefined, { kind: 'people' });
    }
    store.remove('namespaces', namespace);
  }

  #mirror(key: string): void {
    const service = this.#get('services', key);
    const endpoints = this.#get('endpoints', key);
    const wanted =
      service !== undefined &&
      endpoints !== undefined &&
      !hasSelector(service) &&
      endpoints.metadata.labels?.[SKIP_MIRROR] !== 'true'
        ? mirroredSlices(endpoints)
        : [];
    this.#putSlices(key, MIRROR, wanted);
  }

  #writePods(key: string): void {
    const service = this.#get('services', key);
    if (service === undefined) {
      this.#putSlices(key, SLICE_CONTROLLER, []);
      return;
    }
    // Without a selector both controllers change nothing, not even their own slices.
    if (!hasSelector(service) || specOf(service).type === 'ExternalName') return;
    const { name, namespace = '', labels = {}, uid } = service.metadata;
    const ports = (specOf(service).ports ?? []).map((port) => ({
      ...(port.name === undefined ? {} : { name: port.name }),
      port: typeof port.targetPort === 'number' ? port.targetPort : port.port,
      protocol: port.protocol ?? 'TCP',
    }));
    const owner = { apiVersion: 'v1', kind: 'Service', name, uid, controller: true };
    this.#putSlices(key, SLICE_CONTROLLER, [
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          name: `${name}-pods`,
          namespace,
          labels: { ...labels, [SERVICE_NAME]: name, [SLICE_MANAGED_BY]: SLICE_CONTROLLER },
          ownerReferences: [owner],
        },
        addressType: 'IPv4',
        endpoints: POD_ADDRESSES.map((address) => ({ addresses: [address], conditions: { ready: true } })),
        ports,
      },
    ]);
    this.#put('endpoints', key, {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: {
        name,
        namespace,
        labels: { ...labels, 'endpoints.kubernetes.io/managed-by': 'endpoint-controller' },
      },
      subsets: [{ addresses: POD_ADDRESSES.map((ip) => ({ ip })), ports }],
    });
  }

  /** The garbage collector: it deletes a slice whose Service is deleted or was created again. */
  #collect(key: string): void {
    const uid = this.#get('services', key)?.metadata.uid;
    for (const slice of this.#slicesOf(key)) {
      const owners = (slice.metadata.ownerReferences ?? []).filter((owner) => owner.kind === 'Service');
      if (owners.length === 0 || owners.some((owner) => owner.uid === uid)) continue;
      // The writer that deleted the Service is the cause, not a later writer.
      this.#request('DELETE', 'endpointslices', `${slice.metadata.namespace}/${slice.metadata.name}`);
    }
  }

  /** In the order of both controllers: create, update, delete (`reconciler.go`). */
  #putSlices(key: string, manager: string, wanted: readonly WantedObject[]): void {
    const keyOf = ({ metadata }: WantedObject | ApiObject) => `${metadata.namespace}/${metadata.name}`;
    const exists = (slice: WantedObject) => this.#get('endpointslices', keyOf(slice)) !== undefined;
    for (const slice of wanted.filter((each) => !exists(each)))
      this.#put('endpointslices', keyOf(slice), slice, key);
    for (const slice of wanted.filter(exists)) this.#put('endpointslices', keyOf(slice), slice, key);
    const names = new Set(wanted.map(({ metadata }) => metadata.name));
    for (const slice of this.#slicesOf(key)) {
      if (slice.metadata.labels?.[SLICE_MANAGED_BY] !== manager || names.has(slice.metadata.name)) continue;
      this.#request('DELETE', 'endpointslices', keyOf(slice), undefined, key);
    }
  }

  #put(resource: string, objectKey: string, wanted: WantedObject, serviceKey = objectKey): void {
    const existing = this.#get(resource, objectKey);
    if (existing !== undefined && saysTheSame(existing, wanted)) return;
    this.#request(existing === undefined ? 'POST' : 'PUT', resource, objectKey, wanted, serviceKey);
  }

  #request(
    method: string,
    resource: string,
    objectKey: string,
    body?: WantedObject,
    serviceKey?: string,
    writer: Writer = {
      kind: 'controller',
      name: 'kcm',
      because: serviceKey === undefined ? undefined : this.#lastWriter.get(serviceKey),
    },
  ): void {
    const [namespace, name] = objectKey.split('/');
    const root = GROUPS[resource] ?? '/api/v1';
    const collection = `${root}/namespaces/${namespace}/${resource}`;
    const path = method === 'POST' ? collection : `${collection}/${name}`;
    const sent = {
      method,
      path,
      contentType: 'application/json',
      body: body === undefined ? '' : JSON.stringify(body),
    };
    void this.#cluster.handle(sent, writer, this.#never);
  }

  #get(resource: string, key: string): ApiObject | undefined {
    return this.#cluster.core.store.get(resource, key)?.object;
  }

  #slicesOf(key: string): ApiObject[] {
    const [namespace = ''] = key.split('/');
    return this.#cluster.core.store
      .list('endpointslices', `${namespace}/`)
      .map(({ object }) => object)
      .filter((slice) => serviceKeyOfSlice(slice) === key);
  }
}

function saysTheSame(existing: ApiObject, wanted: WantedObject): boolean {
  const content = ({ metadata, endpoints, ports, subsets }: ApiObject | WantedObject) =>
    JSON.stringify([sorted(metadata.labels ?? {}), endpoints ?? null, ports ?? null, subsets ?? null]);
  return content(existing) === content(wanted);
}

function sorted(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
}
