import { type Assessment, type PortAssessment, publishedKey } from '../endpoint/assessment.ts';
import { type AddressFamily, compareAddresses, familyOf, type IpAddress } from '../model/ip-address.ts';
import type { Target } from '../model/target.ts';
import type { EndpointPort, EndpointSliceObject, SliceEndpoint } from './kube-object.ts';

/**
 * One address with the ports that share its readiness. It becomes one endpoint of one slice, and one address of one
 * Endpoints subset. An address whose ports disagree makes two entries, because an endpoint has one readiness for all its
 * ports.
 */
export interface EndpointEntry {
  readonly address: IpAddress;
  readonly zone?: string;
  /** The endpoint's hints have the zone, too: kube-proxies of that zone prefer the endpoint. */
  readonly hinted?: boolean;
  readonly ready: boolean;
  /** Sorted, with distinct names: a slice identifies ports by name alone (`discovery/validation.go:186`). */
  readonly ports: readonly EndpointPort[];
}

/** `unhealthy: remove` keeps addresses with these reasons: they are not ready, but not because of their health. */
const VISIBLE_REASONS: ReadonlySet<string> = new Set(['Standby', 'Drained']);

/**
 * The entries that a target publishes, sorted by address.
 *
 * SRV records and the list may give one address several times with different ports. Two that agree on address and port
 * make one entry, which is ready if one of them is.
 */
export function entriesOf(
  assessments: readonly Assessment[],
  target: Pick<Target, 'publish' | 'service'>,
): EndpointEntry[] {
  const hinted = target.service.trafficDistribution !== undefined;
  const removeUnhealthy = target.publish.unhealthy === 'remove';
  const byAddress = Map.groupBy(assessments, ({ address }) => address);
  return [...byAddress.keys()]
    .sort(compareAddresses)
    .flatMap((address) => entriesOfAddress(byAddress.get(address) ?? [], removeUnhealthy))
    .map((entry) => (hinted && entry.zone !== undefined ? { ...entry, hinted } : entry));
}

function entriesOfAddress(same: readonly Assessment[], removeUnhealthy: boolean): EndpointEntry[] {
  const ready = new Set(
    same.flatMap(({ address, ports }) =>
      ports.filter((port) => port.ready).map((port) => publishedKey(address, port)),
    ),
  );
  const taken = new Set<string>();
  const ordered = same.length === 1 ? same : same.toSorted(byPorts);
  return ordered.flatMap(({ address, zone, ports }) => {
    const mine = ports.filter((port) => !taken.has(publishedKey(address, port)));
    for (const port of mine) taken.add(publishedKey(address, port));
    const isReady = (port: PortAssessment) => ready.has(publishedKey(address, port));
    const isShown = (port: PortAssessment) =>
      port.withheld !== true && (!removeUnhealthy || VISIBLE_REASONS.has(port.reason));
    return [
      { ready: true, ports: mine.filter(isReady) },
      { ready: false, ports: mine.filter((port) => !isReady(port) && isShown(port)) },
    ]
      .filter((entry) => entry.ports.length > 0)
      .map((entry) => ({
        address,
        ...(zone === undefined ? {} : { zone }),
        ready: entry.ready,
        ports: entry.ports.map(toEndpointPort).sort(comparePorts),
      }));
  });
}

/** Sorts assessments of one address by port, so that the order of the list has no effect. */
function byPorts(a: Assessment, b: Assessment): number {
  const [left, right] = [a, b].map(
    ({ ports, zone }) => `${ports.map(({ port }) => String(port).padStart(5, '0')).join(',')} ${zone ?? ''}`,
  );
  return (left ?? '') < (right ?? '') ? -1 : 1;
}

function toEndpointPort(port: PortAssessment): EndpointPort {
  return {
    ...(port.name === '' ? {} : { name: port.name }),
    port: port.port,
    protocol: port.protocol,
    ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
  };
}

/** Any fixed total order will do: a different order is a change to the API server. */
function comparePorts(a: EndpointPort, b: EndpointPort): number {
  const left = portKey(a);
  const right = portKey(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The content of a port, with the defaults of the API server (`discovery/v1/defaults.go:34`). */
function portKey(port: EndpointPort): string {
  return [port.name ?? '', port.protocol ?? 'TCP', port.port ?? '', port.appProtocol ?? ''].join(' ');
}

/** Equal for two port lists exactly if they have the same ports, in whatever order. */
export function portSetKey(ports: readonly EndpointPort[]): string {
  return ports.map(portKey).sort().join(',');
}

export function familyOfEntry(entry: EndpointEntry): AddressFamily {
  return familyOf(entry.address);
}

/** One key for each port of the address, as kube-proxy identifies endpoints. */
export function servingKeys(entry: Pick<EndpointEntry, 'address' | 'ports'>): string[] {
  return entry.ports.map((port) => publishedKey(entry.address, port));
}

/** An entry as an endpoint of a slice. If it is not ready it is not `serving` either: it may be dead. */
export function toSliceEndpoint(entry: EndpointEntry): SliceEndpoint {
  const { address, ready, zone, hinted } = entry;
  return {
    addresses: [address],
    conditions: { ready, serving: ready, terminating: false },
    ...(zone === undefined ? {} : { zone }),
    ...(zone === undefined || hinted !== true ? {} : { hints: { forZones: [{ name: zone }] } }),
  };
}

/** The entries of a slice, one for each address. Absent conditions mean ready. */
export function entriesIn(slice: EndpointSliceObject): EndpointEntry[] {
  const ports = slice.ports ?? [];
  return (slice.endpoints ?? []).flatMap(({ addresses, conditions, zone, hints }) =>
    addresses.map((address) => ({
      // The API server accepts only the canonical spelling (`ip.go:97`).
      address: address as IpAddress,
      ...(zone === undefined ? {} : { zone }),
      ...(hints?.forZones === undefined ? {} : { hinted: true }),
      ready: conditions?.ready ?? true,
      ports,
    })),
  );
}
