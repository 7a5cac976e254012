import type { EndpointSliceObject, KubeObject } from '../manifest/kube-object.ts';
import { INSTANCE_LABEL, MANAGED_BY_LABEL, MANAGER, SERVICE_NAME_LABEL } from '../manifest/labels.ts';
import { keyOf } from '../model/target.ts';
import {
  type ExistingObjects,
  existingFrom,
  NOTHING_EXISTS,
  serviceNameOf,
} from '../plan/existing-objects.ts';
import { Limiter } from '../time/limiter.ts';
import type { ApiFailure, ApiResult, ListScope, ObjectStore, StoredKind } from './object-store.ts';

/** What of the cluster concerns us: everything under the names of the list, and everything that is ours. */
export interface ClusterView {
  /** By `namespace/name` of the Service. */
  readonly byService: ReadonlyMap<string, ExistingObjects>;
  /** Namespaces that could not be read, with the reason: their targets fail, the others go on. */
  readonly unreadable: ReadonlyMap<string, ApiFailure>;
  /** Whether objects of ours were looked for in all namespaces, or only in those of the list. */
  readonly scope: 'cluster' | 'namespaces';
}

export type ClusterReading =
  | { readonly ok: true; readonly view: ClusterView }
  | { readonly ok: false; readonly failure: ApiFailure };

/**
 * What is written carries the version that it was read at, so that a change since is a conflict. The Service is often
 * not written, and says all the same whose the rest is and what it must be: so it is read after the rest.
 */
const PARTS_OF_SERVICE = ['Endpoints', 'EndpointSlice'] as const;

/** Above this many Services the selector gets longer than the answer is worth. */
const MAX_NAMES_IN_SELECTOR = 50;

/** Single Services read at once. */
const MAX_READS_IN_FLIGHT = 8;

/** Reads the namespaces of the targets, and by label whatever of ours is elsewhere. */
export async function readCluster(
  targets: readonly { readonly namespace: string; readonly name: string }[],
  instance: string,
  store: ObjectStore,
  signal: AbortSignal,
): Promise<ClusterReading> {
  const byNamespace = Map.groupBy(targets, (target) => target.namespace);
  const ours = `${MANAGED_BY_LABEL}=${MANAGER},${INSTANCE_LABEL}=${instance}`;
  const places: readonly Place[] = [
    { labelSelector: ours },
    ...[...byNamespace].map(([namespace, members]) => ({ namespace, slicesOnly: sliceSelector(members) })),
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
 * By label alone a Service is not found that has been given back, or is somebody else's, while something under its
 * name bears our marks: the endpoints controller, for one, copies a Service's labels to the Endpoints of its Pods. What
 * becomes of such parts depends on their Service, and where that cannot be read nothing does.
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

/** One Service's objects, read again. */
export async function readService(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  store: ObjectStore,
  signal: AbortSignal,
): Promise<ApiResult<ExistingObjects>> {
  const [endpoints, slices] = await Promise.all([
    store.get({ kind: 'Endpoints', namespace, name }, signal),
    store.list('EndpointSlice', { namespace, labelSelector: `${SERVICE_NAME_LABEL}=${name}` }, signal),
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

function sliceSelector(members: readonly { readonly name: string }[]): string | undefined {
  if (members.length > MAX_NAMES_IN_SELECTOR) return undefined;
  return `${SERVICE_NAME_LABEL} in (${members.map(({ name }) => name).join(',')})`;
}

/** A namespace, or in all namespaces what bears the labels. */
interface Place extends ListScope {
  /** Of slices: those with these labels. */
  readonly slicesOnly?: string | undefined;
}

type PlaceReading =
  | { readonly ok: true; readonly value: readonly KubeObject[] }
  | { readonly ok: false; readonly failure: ApiFailure };

/** All that is in each place, or why one of its kinds could not be read. */
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

/** Not a matter of rights in one namespace: nothing can be done anywhere. */
export function isOfTheWholeCluster(failure: ApiFailure): boolean {
  return failure.httpStatus === 0 || failure.reason === 'Unauthorized' || failure.reason === 'ServerError';
}

/** The same object may have been read twice; the newer reading wins. */
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
