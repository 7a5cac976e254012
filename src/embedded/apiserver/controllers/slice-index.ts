import type { ApiObject } from '../object.ts';
import type { Change, Store } from '../store.ts';

export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
export const MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';

/** EndpointSlices by the Service that their label names, so that no controller has to list them all. */
export class SliceIndex {
  readonly #byService = new Map<string, Map<string, ApiObject>>();

  constructor(store: Store) {
    for (const { key, object } of store.list('endpointslices')) this.#put(key, object);
  }

  /** Must run before any reader of the index that handles the same change. */
  follow(change: Change): void {
    if (change.resource !== 'endpointslices') return;
    if (change.before !== undefined) {
      this.#byService.get(serviceKeyOf(change.before.object))?.delete(change.before.key);
    }
    if (change.type !== 'DELETED') this.#put(change.stored.key, change.stored.object);
  }

  /** The slices of a Service that a controller made, oldest key first. */
  of(serviceKey: string, managedBy: string): ApiObject[] {
    const slices = [...(this.#byService.get(serviceKey)?.entries() ?? [])];
    return slices
      .filter(([, slice]) => slice.metadata.labels?.[MANAGED_BY_LABEL] === managedBy)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, slice]) => slice);
  }

  #put(key: string, slice: ApiObject): void {
    const serviceKey = serviceKeyOf(slice);
    const slices = this.#byService.get(serviceKey) ?? new Map<string, ApiObject>();
    slices.set(key, slice);
    this.#byService.set(serviceKey, slices);
  }
}

/** `namespace/service`, for a slice that belongs to one. */
export function serviceKeyOf(slice: ApiObject): string {
  return `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? ''}`;
}
