import type { EndpointSliceObject, KubeObject } from '../manifest/kube-object.ts';
import { keyOf } from '../model/target.ts';
import {
  type ExistingObjects,
  existingFrom,
  NOTHING_EXISTS,
  serviceNameOf,
} from '../plan/existing-objects.ts';
import { Limiter } from '../time/limiter.ts';
import type { ApiFailure, ApiResult, ListScope, ObjectStore, StoredKind } from './object-store.ts';
import { ownedBy, slicesOf, slicesOfService } from './scopes.ts';

/** The objects in the cluster that matter: all under the names of the list, and all that we own. */
export interface ClusterView {
  /** By `namespace/name` of the Service. */
  readonly byService: ReadonlyMap<string, ExistingObjects>;
  /** Namespaces that could not be read, and why. Only the targets in them fail. */
  readonly unreadable: ReadonlyMap<string, ApiFailure>;
  /** Whether our objects were searched in all namespaces, or only in those of the list. */
  readonly scope: 'cluster' | 'namespaces';
}

export type ClusterReading =
  | { readonly ok: true; readonly view: ClusterView }
  | { readonly ok: false; readonly failure: ApiFailure };

/**
 * A write carries the resourceVersion of this read, so a change after the read is a conflict. The Service often is
 * not written, but it decides who owns the rest and what that must be. So the Service is read last.
 */
const PARTS_OF_SERVICE = ['Endpoints', 'EndpointSlice'] as const;

/** How many Services are read singly at a time. */
const MAX_READS_IN_FLIGHT = 8;

/** Reads the namespaces of the targets, and finds our objects in other namespaces by their labels. */
export async function readCluster(
  targets: readonly { readonly namespace: string; readonly name: string }[],
  instance: string,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<ClusterReading> {
  const byNamespace = Map.groupBy(targets, (target) => target.namespace);
  const ours = ownedBy(instance);
  const places: readonly Place[] = [
    { labelSelector: ours },
    ...[...byNamespace].map(([namespace, members]) => ({ namespace, slicesOnly: slicesOf(members) })),
  ];
  const collected: KubeObject[] = [];
  const unreadable = new Map<string, ApiFailure>();
  let scope: ClusterView['scope'] = 'cluster';
  for (const { place, read } of await readPlaces(places, store, signal)) {
    const { namespace } = place;
    if (read.ok) collected.push(...read.value);
    else if (isOfTheWholeCluster(read.failure)) return read;
    else if (namespace !== undefined) unreadable.set(namespace, read.failure);
    else if (read.failure.reason === 'Forbidden') scope = 'namespaces';
    else return read;
  }
  if (scope === 'namespaces') {
    const readable = [...byNamespace.keys()].filter((namespace) => !unreadable.has(namespace));
    const found = await Promise.all(
      readable.map((namespace) => store.list('EndpointSlice', { namespace, labelSelector: ours }, signal)),
    );
    for (const slices of found) {
      if (!slices.ok) return slices;
      collected.push(...slices.value.items);
    }
  }
  const byService = groupByService(collected);
  const failure = await readServicesOfParts(byService, new Set(byNamespace.keys()), store, signal);
  return failure ?? { ok: true, view: { byService, unreadable, scope } };
}

/**
 * A search by label does not find a Service without our labels: one that was released, or that another program owns.
 * But a part of it may have our labels. The endpoints controller, for instance, copies a Service's labels to the
 * Endpoints of its Pods. The Service decides what happens to such parts, so it is read too. Where it cannot be read,
 * nothing happens to them.
 */
async function readServicesOfParts(
  byService: Map<string, ExistingObjects>,
  wholeNamespaces: ReadonlySet<string>,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<{ readonly ok: false; readonly failure: ApiFailure } | undefined> {
  const limiter = new Limiter(MAX_READS_IN_FLIGHT);
  const reads = [...byService].flatMap(([key, { service }]) => {
    const [namespace = '', name = ''] = key.split('/');
    if (service !== undefined || wholeNamespaces.has(namespace)) return [];
    return limiter.run(() => readService({ namespace, name }, store, signal)).then((read) => ({ key, read }));
  });
  for (const { key, read } of await Promise.all(reads)) {
    if (read.ok) byService.set(key, read.value);
    else if (isOfTheWholeCluster(read.failure)) return read;
    else byService.delete(key);
  }
  return undefined;
}

/** Reads the objects of one Service again. */
export async function readService(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  store: ObjectStore,
  signal: AbortSignal,
): Promise<ApiResult<ExistingObjects>> {
  const [endpoints, slices] = await Promise.all([
    store.get({ kind: 'Endpoints', namespace, name }, signal),
    store.list('EndpointSlice', { namespace, labelSelector: slicesOfService(name) }, signal),
  ]);
  const service = await store.get({ kind: 'Service', namespace, name }, signal);
  const found: KubeObject[] = [];
  for (const result of [service, endpoints]) {
    if (result.ok) found.push(result.value);
    else if (result.failure.reason !== 'NotFound') return result;
  }
  if (!slices.ok) return slices;
  found.push(...slices.value.items);
  const existing = groupByService(found).get(keyOf({ namespace, name })) ?? NOTHING_EXISTS;
  return { ok: true, value: existing, created: false, warnings: [] };
}

/** A namespace, or the objects with these labels in all namespaces. */
interface Place extends ListScope {
  /** Slices with these labels only. */
  readonly slicesOnly?: string | undefined;
}

type PlaceReading =
  | { readonly ok: true; readonly value: readonly KubeObject[] }
  | { readonly ok: false; readonly failure: ApiFailure };

/** The objects in each scope, or why one of the kinds could not be read. */
async function readPlaces(
  places: readonly Place[],
  store: ObjectStore,
  signal: AbortSignal,
): Promise<readonly { readonly place: Place; readonly read: PlaceReading }[]> {
  const parts = await Promise.all(
    places.map(async (place) => ({ place, read: await listKinds(PARTS_OF_SERVICE, place, store, signal) })),
  );
  return Promise.all(
    parts.map(async ({ place, read }) => {
      if (!read.ok) return { place, read };
      const services = await listKinds(['Service'], place, store, signal);
      if (!services.ok) return { place, read: services };
      return { place, read: { ok: true, value: [...read.value, ...services.value] } };
    }),
  );
}

async function listKinds(
  kinds: readonly StoredKind[],
  { slicesOnly, ...scope }: Place,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<PlaceReading> {
  const scopeOf = (kind: StoredKind): ListScope =>
    kind === 'EndpointSlice' && slicesOnly !== undefined ? { ...scope, labelSelector: slicesOnly } : scope;
  const results = await Promise.all(kinds.map((kind) => store.list(kind, scopeOf(kind), signal)));
  const value: KubeObject[] = [];
  for (const result of results) {
    if (!result.ok) return result;
    value.push(...result.value.items);
  }
  return { ok: true, value };
}

/** Whether the failure concerns the whole cluster, not only the rights in one namespace. */
export function isOfTheWholeCluster(failure: ApiFailure): boolean {
  return failure.httpStatus === 0 || failure.reason === 'Unauthorized' || failure.reason === 'ServerError';
}

/** An object may have been read twice; the newer version counts. */
function groupByService(objects: readonly KubeObject[]): Map<string, ExistingObjects> {
  const newest = new Map<string, KubeObject>();
  for (const object of objects) {
    const key = `${object.kind} ${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    const known = newest.get(key);
    if (known === undefined || isNewer(object, known)) newest.set(key, object);
  }
  const services = Map.groupBy(newest.values(), (object) => {
    const { namespace = '', name } = object.metadata;
    const isSlice = object.kind === 'EndpointSlice';
    return keyOf({ namespace, name: isSlice ? serviceNameOf(object as EndpointSliceObject) : name });
  });
  return new Map([...services].map(([key, members]) => [key, existingFrom(members)]));
}

function isNewer(a: KubeObject, b: KubeObject): boolean {
  return Number(a.metadata.resourceVersion) > Number(b.metadata.resourceVersion);
}
