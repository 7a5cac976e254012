import { addressOfKey, namelessKey, type PublishedReadiness, publishedKey } from '../endpoint/assessment.ts';
import { entriesIn } from '../manifest/endpoint-entry.ts';
import type {
  EndpointSliceObject,
  EndpointsObject,
  KubeObject,
  ServiceObject,
} from '../manifest/kube-object.ts';
import {
  MIRROR_CONTROLLER,
  ownerOf,
  SERVICE_NAME_LABEL,
  SLICE_CONTROLLER,
  SLICE_MANAGED_BY_LABEL,
  skipsMirror,
  sliceOwnerOf,
} from '../manifest/labels.ts';
import { hasSelector } from '../manifest/service.ts';
import { familyOf } from '../model/ip-address.ts';

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
  readonly orphaned: readonly EndpointSliceObject[];
  readonly foreign: readonly EndpointSliceObject[];
}

export function slicesByOwner(existing: ExistingObjects, instance: string): SlicesByOwner {
  const kindOf = (slice: EndpointSliceObject): keyof SlicesByOwner => {
    const owner = sliceOwnerOf(slice, instance);
    if (owner === 'us') return 'ours';
    if (owner === 'otherInstance') return 'otherInstances';
    const manager = slice.metadata.labels?.[SLICE_MANAGED_BY_LABEL];
    if (manager === MIRROR_CONTROLLER) return 'mirrored';
    return manager === SLICE_CONTROLLER ? 'orphaned' : 'foreign';
  };
  const groups = Map.groupBy(existing.slices, kindOf);
  return {
    ours: groups.get('ours') ?? [],
    otherInstances: groups.get('otherInstances') ?? [],
    mirrored: groups.get('mirrored') ?? [],
    orphaned: groups.get('orphaned') ?? [],
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
 * what must not be lost. Without ports kube-proxy uses nothing, but DNS answers with the addresses.
 */
export function publishedReadiness(slices: readonly EndpointSliceObject[]): PublishedReadiness {
  const published = new Map<string, boolean>();
  for (const slice of slices) {
    const ports = slice.ports?.length ? slice.ports : [{}];
    for (const { address, ready } of entriesIn(slice)) {
      const keys = ports.flatMap((port) => [publishedKey(address, port), namelessKey(address, port)]);
      for (const key of keys) published.set(key, ready || (published.get(key) ?? false));
    }
  }
  return published;
}

/**
 * What this instance serves the Service with: nothing where that selects Pods, on whose Endpoints a controller puts the
 * labels of the Service.
 */
export function publishedSlices(existing: ExistingObjects, instance: string): readonly EndpointSliceObject[] {
  const { endpoints, service } = existing;
  if (hasSelector(service)) return [];
  const isOurs = endpoints !== undefined && ownerOf(endpoints, instance) === 'us';
  return [...slicesByOwner(existing, instance).ours, ...endpointsAsSlices(isOurs ? endpoints : undefined)];
}

/** All that serves the Service now: its slices, and Endpoints that are, or are about to be, mirrored into slices. */
export function servingSlices(existing: ExistingObjects): readonly EndpointSliceObject[] {
  return [...existing.slices, ...endpointsAsSlices(existing.endpoints)];
}

/**
 * What takes traffic now. kube-proxy ignores slices of a family that the Service has no cluster IP in
 * (`servicechangetracker.go:145`), so what stands there can neither be lost nor make up for what is.
 */
export function servedReadiness(existing: ExistingObjects): PublishedReadiness {
  const published = publishedReadiness(servingSlices(existing));
  const families = existing.service?.spec.ipFamilies ?? [];
  if (families.length === 0) return published;
  return new Map([...published].filter(([key]) => families.includes(familyOf(addressOfKey(key)))));
}

/** Endpoints as the mirroring controller would copy them; none where it is told not to. */
export function endpointsAsSlices(endpoints: EndpointsObject | undefined): readonly EndpointSliceObject[] {
  if (endpoints === undefined || skipsMirror(endpoints)) return [];
  return (endpoints.subsets ?? []).map(({ addresses = [], notReadyAddresses = [], ports = [] }) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: endpoints.metadata.name },
    addressType: '',
    ports,
    endpoints: [
      ...addresses.map(({ ip }) => ({ addresses: [ip], conditions: { ready: true } })),
      ...notReadyAddresses.map(({ ip }) => ({ addresses: [ip], conditions: { ready: false } })),
    ],
  }));
}

/**
 * Whether the mirroring controller's copies say what the Endpoints say. Only then may what else serves the
 * addresses go.
 */
export function isMirrorInStep(
  existing: ExistingObjects,
  { mirrored }: Pick<SlicesByOwner, 'mirrored'>,
): boolean {
  const wanted = publishedReadiness(endpointsAsSlices(existing.endpoints));
  const copied = publishedReadiness(mirrored);
  return wanted.size === copied.size && [...wanted].every(([key, ready]) => copied.get(key) === ready);
}

/** Every address that we serve as ready is ready in the Endpoints. */
export function endpointsCover(endpoints: EndpointsObject, slices: readonly EndpointSliceObject[]): boolean {
  const carried = readinessIn(endpoints);
  return [...publishedReadiness(slices)].every(([key, ready]) => !ready || carried.get(key) === true);
}

/** Whether the Endpoints call nothing ready that the slices call not ready. */
export function endpointsAgree(endpoints: EndpointsObject, slices: readonly EndpointSliceObject[]): boolean {
  const carried = readinessIn(endpoints);
  return [...publishedReadiness(slices)].every(([key, ready]) => ready || carried.get(key) !== true);
}

/** As if they were mirrored. */
function readinessIn({ metadata, ...content }: EndpointsObject): PublishedReadiness {
  const { labels: _labels, ...unlabelled } = metadata;
  return publishedReadiness(endpointsAsSlices({ ...content, metadata: unlabelled }));
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
