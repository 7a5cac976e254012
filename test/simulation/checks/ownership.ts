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

/** Told by history, not by labels: whoever made an object has it until it is adopted or released. */
export class Ownership {
  readonly #ours = new Set<string>();

  isOurs(object: ApiObject): boolean {
    return this.#ours.has(object.metadata.uid);
  }

  /** Keys of the Services that are ours now, at least in part: somebody else may keep the Service itself. */
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
   * The breach of invariant 1 that the change is, if it is one; and whose the object is afterwards.
   *
   * @param decidedMs when the write was sent, which is by the list of then, however late it arrives.
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
    if (writer.kind !== 'worker') {
      if (change.type === 'DELETED') this.#ours.delete(uid);
      // Somebody who makes an object with our marks on it, from a copy of ours, gives it to us.
      // So does the endpoints controller, each time it copies the labels of a Service of ours.
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
    // A Service and what belongs to it stays ours as long as it bears our marks; Events, state and Lease always do.
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
  // The API server itself takes Endpoints along with their Service, whoever made them.
  if (change.resource === 'endpoints' && change.type === 'DELETED' && !serviceStands) return undefined;
  const specs = worker?.specsOf(key, decidedMs) ?? [];
  if (specs.some((spec) => spec?.adopt === true)) return undefined;
  const manager = metadata.labels?.[SLICE_MANAGED_BY];
  // What the mirroring controller leaves when it does not run is a copy of Endpoints that are ours, or gone.
  if (manager === MIRROR && specs.some((spec) => spec !== undefined)) return undefined;
  // What the controllers leave behind when a selector goes serves Pods that nobody selects any more.
  const { labels } = (change.before ?? change.stored).object.metadata;
  const isLeftover =
    manager === SLICE_CONTROLLER || labels?.['endpoints.kubernetes.io/managed-by'] === 'endpoint-controller';
  if (isLeftover && specs.some((spec) => spec?.create === true)) return undefined;
  return `${what} is not ours, adoption was not asked for, and it was ${verb}`;
}

export function hasOurLabels({ metadata }: ApiObject): boolean {
  const { labels = {} } = metadata;
  return (
    labels[MANAGED_BY] === PRODUCT || labels[SLICE_MANAGED_BY] === PRODUCT || labels[INSTANCE] !== undefined
  );
}
