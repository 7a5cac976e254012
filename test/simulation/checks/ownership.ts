import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';
import type { Change, Store } from '../../../src/embedded/apiserver/store.ts';
import type { Writer } from '../world/cluster.ts';
import {
  INSTANCE,
  MANAGED_BY,
  MIRROR,
  PRODUCT,
  SLICE_CONTROLLER,
  SLICE_MANAGED_BY,
  serviceKeyOf,
  serviceKeyOfSlice,
} from '../world/kube-words.ts';
import type { WorkerRecord } from '../world/worker-record.ts';

/** Ownership by history, not by labels: the creator of an object owns it until it is adopted or released. */
export class Ownership {
  readonly #ours = new Set<string>();
  /** When workers deleted Services. */
  readonly #deletionsMs: number[] = [];

  isOurs(object: ApiObject): boolean {
    return this.#ours.has(object.metadata.uid);
  }

  /** How many Services workers have deleted since then. */
  deletedSince(sinceMs: number): number {
    return this.#deletionsMs.filter((atMs) => atMs >= sinceMs).length;
  }

  /** Keys of the Services that are ours now, at least in part: another program may own the Service itself. */
  servicesOf(store: Store): ReadonlySet<string> {
    const ours = (['services', 'endpoints', 'endpointslices'] as const).flatMap((resource) =>
      store
        .list(resource)
        .map(({ object }) => object)
        .filter((object) => this.isOurs(object))
        .map((object) =>
          resource === 'endpointslices'
            ? serviceKeyOfSlice(object)
            : `${object.metadata.namespace}/${object.metadata.name}`,
        ),
    );
    return new Set(ours);
  }

  /**
   * Records who owns the object after the change.
   *
   * @returns the breach of invariant 1, if the change is one.
   *
   * @param decidedMs when the write was sent: the list of that time counts, however late the write arrives.
   */
  follow(
    change: Change,
    writer: Writer,
    worker: WorkerRecord | undefined,
    serviceStands: boolean,
    decidedMs: number,
  ): string | undefined {
    const { object } = change.stored;
    const { uid } = object.metadata;
    if (change.type === 'DELETED' && writer.kind === 'worker' && object.kind === 'Service') {
      this.#deletionsMs.push(decidedMs);
    }
    if (writer.kind !== 'worker') {
      if (change.type === 'DELETED') this.#ours.delete(uid);
      // A person who creates an object from a copy of ours, with our ownership labels, makes it ours.
      // So does the endpoints controller, whenever it copies the labels of a Service of ours.
      const isCopy =
        writer.kind === 'people'
          ? change.type === 'ADDED'
          : change.resource === 'endpoints' && change.type !== 'DELETED';
      if (isCopy && hasOurLabels(object)) this.#ours.add(uid);
      return undefined;
    }
    const breach =
      change.type === 'ADDED' || this.#ours.has(uid)
        ? undefined
        : breachOf(change, worker, serviceStands, decidedMs);
    // A Service and its objects stay ours while they have our ownership labels. Events, state and Lease are always ours.
    const staysOurs = serviceKeyOf(change) === undefined || hasOurLabels(object);
    if (change.type === 'ADDED' || (change.type === 'MODIFIED' && staysOurs)) this.#ours.add(uid);
    else this.#ours.delete(uid);
    return breach;
  }
}

function breachOf(
  change: Change,
  worker: WorkerRecord | undefined,
  serviceStands: boolean,
  decidedMs: number,
): string | undefined {
  const key = serviceKeyOf(change);
  const { kind, metadata } = change.stored.object;
  const what = `${kind} ${metadata.namespace}/${metadata.name}`;
  const verb = change.type === 'DELETED' ? 'deleted' : 'changed';
  if (key === undefined) return `${what} is none of the product's kinds and was ${verb}`;
  // The API server itself deletes the Endpoints of a deleted Service, no matter which program created them.
  if (change.resource === 'endpoints' && change.type === 'DELETED' && !serviceStands) return undefined;
  const specs = worker?.specsOf(key, decidedMs) ?? [];
  if (specs.some((spec) => spec?.adopt === true)) return undefined;
  const manager = metadata.labels?.[SLICE_MANAGED_BY];
  // Mirrored slices that remain while the mirroring controller is down copy Endpoints that are ours, or deleted.
  if (manager === MIRROR && specs.some((spec) => spec !== undefined)) return undefined;
  // Objects that the controllers leave behind after a selector was removed have Pods that are no longer selected.
  const { labels } = (change.before ?? change.stored).object.metadata;
  const isOrphaned =
    manager === SLICE_CONTROLLER || labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller';
  if (isOrphaned && specs.some((spec) => spec?.create === true)) return undefined;
  return `${what} is not ours, adoption was not asked for, and it was ${verb}`;
}

export function hasOurLabels({ metadata }: ApiObject): boolean {
  const { labels = {} } = metadata;
  return (
    labels[MANAGED_BY] === PRODUCT || labels[SLICE_MANAGED_BY] === PRODUCT || labels[INSTANCE] !== undefined
  );
}
