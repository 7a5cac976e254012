import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';
import type { Store } from '../../../src/embedded/apiserver/store.ts';
import {
  contentOf,
  MANAGED_BY,
  PRODUCT,
  SKIP_MIRROR,
  SLICE_MANAGED_BY,
  serviceKeyOfSlice,
  specOf,
  subsetsOf,
} from '../world/kube-words.ts';

/** Of addresses that people have put into Endpoints by hand and no list names. */
export const UNLISTED_PREFIX = '10.30.0.';

/**
 * What the cluster says about each Service of ours, one fact a line, without what may differ between two ways to
 * the same end: names of slices, the order of things, versions, times.
 */
export function publishedState(store: Store): string[] {
  const ours = keysOfOurs(store);
  const slices = store.list('endpointslices').map(({ object }) => object);
  const facts = [
    ...store.list('services').flatMap(({ object, key }) => (isOurs(object) ? serviceFacts(object, key) : [])),
    ...store
      .list('endpoints')
      .flatMap(({ object, key }) => (isOurs(object) ? endpointsFacts(object, key) : [])),
    ...slices.filter((slice) => ours.has(serviceKeyOfSlice(slice)) || isOurSlice(slice)).flatMap(sliceFacts),
  ];
  // What was adopted with hand-kept Endpoints and is in no list stays as long as names say nothing else: how
  // long that was depends on what has happened.
  return facts.filter((fact) => !fact.includes(` ${UNLISTED_PREFIX}`)).sort();
}

/** Services that stand there and are not ours: nothing is to be expected of them. */
export function othersServices(store: Store): ReadonlySet<string> {
  return new Set(store.list('services').flatMap(({ object, key }) => (isOurs(object) ? [] : [key])));
}

/** Service, Endpoints and slices, as far as they are there. */
export function isWhollyOurs(store: Store, key: string): boolean {
  const [service, endpoints] = [store.get('services', key), store.get('endpoints', key)];
  const slices = store
    .list('endpointslices')
    .map(({ object }) => object)
    .filter((slice) => serviceKeyOfSlice(slice) === key);
  return (
    [service, endpoints].every((each) => each === undefined || isOurs(each.object)) &&
    slices.every(isOurSlice)
  );
}

/** An address and port that stands in two slices at rest, one of which at least is ours. */
export function duplicates(store: Store): string[] {
  const facts = store.list('endpointslices').flatMap(({ object }) => sliceFacts(object));
  const withoutOwner = (fact: string) => fact.slice(0, fact.lastIndexOf(' by '));
  const byPlace = Map.groupBy(facts, (fact) => withoutOwner(fact).replace(/ (not )?ready$/, ''));
  return [...byPlace]
    .filter(
      ([, otherSlices]) =>
        otherSlices.length > 1 && otherSlices.some((fact) => fact.endsWith(` by ${PRODUCT}`)),
    )
    .map(([place]) => place);
}

function keysOfOurs(store: Store): ReadonlySet<string> {
  const marked = [...store.list('services'), ...store.list('endpoints')].filter(({ object }) =>
    isOurs(object),
  );
  return new Set(marked.map(({ key }) => key));
}

function isOurSlice({ metadata }: ApiObject): boolean {
  return metadata.labels?.[SLICE_MANAGED_BY] === PRODUCT;
}

function isOurs({ metadata }: ApiObject): boolean {
  return metadata.labels?.[MANAGED_BY] === PRODUCT;
}

function serviceFacts(service: ApiObject, key: string): string[] {
  const { type, clusterIP, ports = [] } = specOf(service);
  const isHeadless = clusterIP === 'None';
  return [
    `${key} Service ${type}${isHeadless ? ' headless' : ''}`,
    ...ports.map(
      (port) => `${key} Service port ${port.name ?? ''} ${port.port}→${port.targetPort}/${port.protocol}`,
    ),
  ];
}

function endpointsFacts(endpoints: ApiObject, key: string): string[] {
  const subsets = subsetsOf(endpoints);
  const skips = endpoints.metadata.labels?.[SKIP_MIRROR] === 'true';
  return [
    `${key} Endpoints${skips ? ' not mirrored' : ''}`,
    ...subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) =>
      ports.flatMap((port) => {
        const place = `${port.name ?? ''} ${port.port}/${port.protocol}`;
        return [
          ...addresses.map(({ ip }) => `${key} Endpoints ${ip} ${place} ready`),
          ...notReadyAddresses.map(({ ip }) => `${key} Endpoints ${ip} ${place} not ready`),
        ];
      }),
    ),
  ];
}

function sliceFacts(slice: ApiObject): string[] {
  const key = serviceKeyOfSlice(slice);
  const { endpoints, ports } = contentOf(slice);
  const by = slice.metadata.labels?.[SLICE_MANAGED_BY] ?? 'nobody';
  return (endpoints ?? []).flatMap(({ addresses, conditions }) =>
    addresses.flatMap((address) =>
      (ports ?? []).map((port) => {
        const ready = (conditions?.ready ?? true) ? 'ready' : 'not ready';
        return `${key} slice ${address} ${port.name ?? ''} ${port.port}/${port.protocol} ${ready} by ${by}`;
      }),
    ),
  );
}
