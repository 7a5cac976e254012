import { type PublishedReadiness, publishedKey } from '../endpoint/assessment.ts';
import type { EndpointSliceObject, EndpointsObject, ServiceObject } from '../manifest/kube-object.ts';
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
