import { type PublishedReadiness, publishedKey } from '../endpoint/assessment.ts';
import type {
  EndpointSliceObject,
  EndpointsObject,
  KubeObject,
  ServiceObject,
} from '../manifest/kube-object.ts';
import {
  MIRROR_CONTROLLER,
  SERVICE_NAME_LABEL,
  SLICE_CONTROLLER,
  SLICE_MANAGED_BY_LABEL,
  sliceOwnerOf,
} from '../manifest/labels.ts';

/** What the cluster has under one Service's name, read at one time. */
export interface ExistingObjects {
  readonly service?: ServiceObject;
  readonly endpoints?: EndpointsObject;
  /** Every EndpointSlice that belongs to the Service by its label, whoever made it. */
  readonly slices: readonly EndpointSliceObject[];
}

export const NOTHING_EXISTS: ExistingObjects = { slices: [] };

export interface SlicesByOwner {
  readonly ours: readonly EndpointSliceObject[];
  readonly otherInstances: readonly EndpointSliceObject[];
  readonly mirrored: readonly EndpointSliceObject[];
  /** Of the endpointslice controller: left behind when a selector was removed. */
  readonly leftover: readonly EndpointSliceObject[];
  readonly foreign: readonly EndpointSliceObject[];
}

export function slicesByOwner(existing: ExistingObjects, instance: string): SlicesByOwner {
  const kindOf = (slice: EndpointSliceObject): keyof SlicesByOwner => {
    const owner = sliceOwnerOf(slice, instance);
    if (owner === 'us') return 'ours';
    if (owner === 'otherInstance') return 'otherInstances';
    const manager = slice.metadata.labels?.[SLICE_MANAGED_BY_LABEL];
    if (manager === MIRROR_CONTROLLER) return 'mirrored';
    return manager === SLICE_CONTROLLER ? 'leftover' : 'foreign';
  };
  const groups = Map.groupBy(existing.slices, kindOf);
  return {
    ours: groups.get('ours') ?? [],
    otherInstances: groups.get('otherInstances') ?? [],
    mirrored: groups.get('mirrored') ?? [],
    leftover: groups.get('leftover') ?? [],
    foreign: groups.get('foreign') ?? [],
  };
}

/**
 * The Service that a slice belongs to: by its label, as kube-proxy has it (`endpointslicecache.go:321`), and
 * where somebody took the label off, by its owner.
 */
export function serviceNameOf(slice: EndpointSliceObject): string {
  const owner = slice.metadata.ownerReferences?.find((reference) => reference.kind === 'Service');
  return slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? owner?.name ?? '';
}

/**
 * What kube-proxy would use of these slices. Where two disagree over an address, ready counts: that is
 * what must not be lost.
 */
export function publishedReadiness(slices: readonly EndpointSliceObject[]): PublishedReadiness {
  const published = new Map<string, boolean>();
  for (const slice of slices) {
    for (const endpoint of slice.endpoints ?? []) {
      const ready = endpoint.conditions?.ready ?? true;
      for (const address of endpoint.addresses) {
        for (const port of slice.ports ?? []) {
          const key = publishedKey(address, port);
          published.set(key, ready || (published.get(key) ?? false));
        }
      }
    }
  }
  return published;
}

/** What exists once these objects, by `Kind/name`, were written (or, where undefined, deleted). */
export function afterWriting(
  existing: ExistingObjects,
  written: ReadonlyMap<string, KubeObject | undefined>,
): ExistingObjects {
  if (written.size === 0) return existing;
  const all = new Map<string, KubeObject>();
  for (const object of [existing.service, existing.endpoints, ...existing.slices]) {
    if (object !== undefined) all.set(`${object.kind}/${object.metadata.name}`, object);
  }
  for (const [key, object] of written) {
    if (object === undefined) all.delete(key);
    else all.set(key, object);
    // The API server's own hook (`service/storage/storage.go:341`).
    if (object === undefined && key.startsWith('Service/')) all.delete(key.replace('Service/', 'Endpoints/'));
  }
  return existingFrom([...all.values()]);
}

/** Sorts objects that belong to one Service into their places. */
export function existingFrom(objects: readonly KubeObject[]): ExistingObjects {
  const service = objects.find((object) => object.kind === 'Service') as ServiceObject | undefined;
  const endpoints = objects.find((object) => object.kind === 'Endpoints') as EndpointsObject | undefined;
  const slices = objects.filter((object) => object.kind === 'EndpointSlice') as EndpointSliceObject[];
  return {
    ...(service === undefined ? {} : { service }),
    ...(endpoints === undefined ? {} : { endpoints }),
    slices: slices.sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
  };
}
