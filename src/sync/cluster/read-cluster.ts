import type { EndpointSliceObject, KubeObject } from '../../manifest/kube-object.ts';
import { INSTANCE_LABEL, MANAGED_BY_LABEL, MANAGER, SERVICE_NAME_LABEL } from '../../manifest/labels.ts';
import {
  type ExistingObjects,
  existingFrom,
  NOTHING_EXISTS,
  serviceNameOf,
} from '../../plan/existing-objects.ts';
import { Limiter } from '../limiter.ts';
import type { ApiFailure, ApiResult, KubeList, ListScope, ObjectStore, StoredKind } from './object-store.ts';

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

const KINDS = ['Service', 'Endpoints', 'EndpointSlice'] as const;

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
  const collected: KubeObject[] = [];
  const unreadable = new Map<string, ApiFailure>();

  const ours = `${MANAGED_BY_LABEL}=${MANAGER},${INSTANCE_LABEL}=${instance}`;
  const [owned, ...namespaces] = await Promise.all([
    listKinds(store, { labelSelector: ours }, undefined, signal),
    ...[...byNamespace].map(async ([namespace, members]) => ({
      namespace,
      read: await listKinds(store, { namespace }, sliceSelector(members), signal),
    })),
  ]);
  if (owned.ok) collected.push(...owned.value);
  else if (owned.failure.reason !== 'Forbidden') return owned;
  for (const { namespace, read } of namespaces) {
    if (read.ok) collected.push(...read.value);
    else if (isOfTheWholeCluster(read.failure)) return read;
    else unreadable.set(namespace, read.failure);
  }
  if (!owned.ok) {
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
  if (failure !== undefined) return failure;
  return { ok: true, view: { byService, unreadable, scope: owned.ok ? 'cluster' : 'namespaces' } };
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
  const [service, endpoints, slices] = await Promise.all([
    store.get({ kind: 'Service', namespace, name }, signal),
    store.get({ kind: 'Endpoints', namespace, name }, signal),
    store.list('EndpointSlice', { namespace, labelSelector: `${SERVICE_NAME_LABEL}=${name}` }, signal),
  ]);
  const found: KubeObject[] = [];
  for (const result of [service, endpoints]) {
    if (result.ok) found.push(result.value);
    else if (result.failure.reason !== 'NotFound') return result;
  }
  if (!slices.ok) return slices;
  found.push(...slices.value.items);
  const existing = groupByService(found).get(`${namespace}/${name}`) ?? NOTHING_EXISTS;
  return { ok: true, value: existing, created: false, warnings: [] };
}

function sliceSelector(members: readonly { readonly name: string }[]): string | undefined {
  if (members.length > MAX_NAMES_IN_SELECTOR) return undefined;
  return `${SERVICE_NAME_LABEL} in (${members.map(({ name }) => name).join(',')})`;
}

async function listKinds(
  store: ObjectStore,
  scope: ListScope,
  slicesOnly: string | undefined,
  signal: AbortSignal,
): Promise<{ ok: true; value: KubeObject[] } | { ok: false; failure: ApiFailure }> {
  const scopeOf = (kind: StoredKind): ListScope =>
    kind === 'EndpointSlice' && slicesOnly !== undefined ? { ...scope, labelSelector: slicesOnly } : scope;
  const results: ApiResult<KubeList>[] = await Promise.all(
    KINDS.map((kind) => store.list(kind, scopeOf(kind), signal)),
  );
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
    return `${namespace}/${object.kind === 'EndpointSlice' ? serviceNameOf(object as EndpointSliceObject) : name}`;
  });
  return new Map([...services].map(([key, members]) => [key, existingFrom(members)]));
}

function isNewer(a: KubeObject, b: KubeObject): boolean {
  return Number(a.metadata.resourceVersion) > Number(b.metadata.resourceVersion);
}
