import { addressOfKey, namelessKey, type PublishedReadiness, publishedKey } from '../endpoint/assessment.ts';
import { entriesIn } from '../manifest/endpoint-entry.ts';
import type {
  EndpointSliceObject,
  EndpointsObject,
  KubeObject,
  ServiceObject,
} from '../manifest/kube-object.ts';
import {
  LIST_ANNOTATION,
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

/** The objects of one Service, read together. */
export interface ExistingObjects {
  readonly service?: ServiceObject;
  readonly endpoints?: EndpointsObject;
  /** Every EndpointSlice of the Service, whichever program made it. */
  readonly slices: readonly EndpointSliceObject[];
}

export const NOTHING_EXISTS: ExistingObjects = { slices: [] };

export interface SlicesByOwner {
  readonly ours: readonly EndpointSliceObject[];
  readonly otherInstances: readonly EndpointSliceObject[];
  readonly mirrored: readonly EndpointSliceObject[];
  /** The endpointslice controller left them behind when the selector was removed. */
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

/** Our objects among them, the Service first. */
export function ownedObjects(existing: ExistingObjects, instance: string): readonly KubeObject[] {
  const { service, endpoints } = existing;
  const named = [service, endpoints].filter((object) => object !== undefined);
  return [
    ...named.filter((object) => ownerOf(object, instance) === 'us'),
    ...slicesByOwner(existing, instance).ours,
  ];
}

/** Whether any of the objects bears our marks. */
export function isOursInPart(existing: ExistingObjects, instance: string): boolean {
  return ownedObjects(existing, instance).length > 0;
}

/**
 * The list that published these objects; undefined: one without a name. While a target moves to another list, they
 * bear two names for a moment; the Service is written first.
 */
export function publishingList(existing: ExistingObjects, instance: string): string | undefined {
  for (const { metadata } of ownedObjects(existing, instance)) {
    const list = metadata.annotations?.[LIST_ANNOTATION];
    if (list !== undefined) return list;
  }
  return undefined;
}

/**
 * The Service that a slice belongs to, by its label as in kube-proxy (`endpointslicecache.go:321`). A slice that lost
 * the label belongs to its owner.
 */
export function serviceNameOf(slice: EndpointSliceObject): string {
  const owner = slice.metadata.ownerReferences?.find((reference) => reference.kind === 'Service');
  return slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? owner?.name ?? '';
}

/**
 * The readiness that these slices serve. If two disagree about an address it counts as ready, because a ready address
 * must not be lost. kube-proxy uses no slice without ports, but DNS answers with its addresses.
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
 * The slices of this instance, its Endpoints as they are mirrored included. None if the Service selects Pods: then a
 * controller writes the Endpoints and copies the labels of the Service to them.
 */
export function publishedSlices(existing: ExistingObjects, instance: string): readonly EndpointSliceObject[] {
  const { endpoints, service } = existing;
  if (hasSelector(service)) return [];
  const isOurs = endpoints !== undefined && ownerOf(endpoints, instance) === 'us';
  return [...slicesByOwner(existing, instance).ours, ...endpointsAsSlices(isOurs ? endpoints : undefined)];
}

/** Everything that serves the Service now: its slices, and Endpoints that are mirrored, now or soon. */
export function servingSlices(existing: ExistingObjects): readonly EndpointSliceObject[] {
  return [...existing.slices, ...endpointsAsSlices(existing.endpoints)];
}

/**
 * What takes traffic now. Addresses of a family without a cluster IP are not among them: kube-proxy ignores their slices
 * (`servicechangetracker.go:145`).
 */
export function servedReadiness(existing: ExistingObjects): PublishedReadiness {
  const published = publishedReadiness(servingSlices(existing));
  const families = existing.service?.spec.ipFamilies ?? [];
  if (families.length === 0) return published;
  return new Map([...published].filter(([key]) => families.includes(familyOf(addressOfKey(key)))));
}

/** Endpoints as the mirroring controller copies them; none if they say skip-mirror. */
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

/** Whether the mirrored slices say what the Endpoints say. Before that, no other slice of these addresses may go. */
export function isMirrorInStep(
  existing: ExistingObjects,
  { mirrored }: Pick<SlicesByOwner, 'mirrored'>,
): boolean {
  const wanted = publishedReadiness(endpointsAsSlices(existing.endpoints));
  const copied = publishedReadiness(mirrored);
  return wanted.size === copied.size && [...wanted].every(([key, ready]) => copied.get(key) === ready);
}

/** Whether every address that these slices serve as ready is ready in the Endpoints. */
export function endpointsCover(endpoints: EndpointsObject, slices: readonly EndpointSliceObject[]): boolean {
  const inEndpoints = readinessIn(endpoints);
  return [...publishedReadiness(slices)].every(([key, ready]) => !ready || inEndpoints.get(key) === true);
}

/** Whether no address is ready in the Endpoints and not ready in these slices. */
export function endpointsAgree(endpoints: EndpointsObject, slices: readonly EndpointSliceObject[]): boolean {
  const inEndpoints = readinessIn(endpoints);
  return [...publishedReadiness(slices)].every(([key, ready]) => ready || inEndpoints.get(key) !== true);
}

/** As if they were mirrored, skip-mirror or not. */
function readinessIn({ metadata, ...content }: EndpointsObject): PublishedReadiness {
  const { labels: _labels, ...unlabelled } = metadata;
  return publishedReadiness(endpointsAsSlices({ ...content, metadata: unlabelled }));
}

/** The objects after these writes, by `Kind/name`; undefined is a deletion. */
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
    // The API server deletes the Endpoints with the Service (`service/storage/storage.go:341`).
    if (object === undefined && key.startsWith('Service/')) all.delete(key.replace('Service/', 'Endpoints/'));
  }
  return existingFrom([...all.values()]);
}

/** The objects of one Service, sorted by kind. */
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
