import type { Assessment, PortAssessment } from '../endpoint/assessment.ts';
import { type AddressFamily, compareAddresses, familyOf, type IpAddress } from '../target/ip-address.ts';
import type { PublishSettings } from '../target/target.ts';
import type { EndpointPort, EndpointSliceObject, SliceEndpoint } from './kube-object.ts';

/**
 * One address with the ports that share its readiness: what becomes one endpoint of one slice, and one
 * address of one Endpoints subset. An address whose ports disagree makes two entries, because readiness
 * stands at the endpoint and not at the port.
 */
export interface EndpointEntry {
  readonly address: IpAddress;
  readonly zone?: string;
  readonly ready: boolean;
  readonly ports: readonly EndpointPort[];
}

/** Reasons that leave an address in sight under `unhealthy: remove`: it is not ready, but not for its health. */
const VISIBLE_REASONS: ReadonlySet<string> = new Set(['Standby', 'Drained']);

/** The entries that a target publishes, in the order of their addresses. */
export function entriesOf(
  assessments: readonly Assessment[],
  publish: Pick<PublishSettings, 'unhealthy'>,
): EndpointEntry[] {
  return [...assessments]
    .sort((a, b) => compareAddresses(a.address, b.address))
    .flatMap((assessment) => entriesOfAddress(assessment, publish.unhealthy === 'remove'));
}

function entriesOfAddress(assessment: Assessment, removeUnhealthy: boolean): EndpointEntry[] {
  const notReady = assessment.ports.filter(
    (port) => !port.ready && port.withheld !== true && (!removeUnhealthy || VISIBLE_REASONS.has(port.reason)),
  );
  return [
    { ready: true, ports: assessment.ports.filter((port) => port.ready) },
    { ready: false, ports: notReady },
  ]
    .filter(({ ports }) => ports.length > 0)
    .map(({ ready, ports }) => ({
      address: assessment.address,
      ...(assessment.zone === undefined ? {} : { zone: assessment.zone }),
      ready,
      ports: ports.map(toEndpointPort).sort(comparePorts),
    }));
}

function toEndpointPort(port: PortAssessment): EndpointPort {
  return {
    ...(port.name === '' ? {} : { name: port.name }),
    port: port.port,
    protocol: port.protocol,
    ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
  };
}

/** Any total order does, as long as it is always the same: order is content to the API server. */
export function comparePorts(a: EndpointPort, b: EndpointPort): number {
  const left = portKey(a);
  const right = portKey(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** All that matters of a port, defaults filled in as the API server fills them (`discovery/v1/defaults.go:34`). */
export function portKey(port: EndpointPort): string {
  return [port.name ?? '', port.protocol ?? 'TCP', port.port ?? '', port.appProtocol ?? ''].join(' ');
}

/** Equal for two port lists exactly when they say the same, whatever their order. */
export function portSetKey(ports: readonly EndpointPort[]): string {
  return ports.map(portKey).sort().join(',');
}

export function familyOfEntry(entry: EndpointEntry): AddressFamily {
  return familyOf(entry.address);
}

/** An entry as the slice's endpoint. A not-ready one does not serve either: it may be dead. */
export function toSliceEndpoint(entry: EndpointEntry): SliceEndpoint {
  return {
    addresses: [entry.address],
    conditions: { ready: entry.ready, serving: entry.ready, terminating: false },
    ...(entry.zone === undefined ? {} : { zone: entry.zone }),
  };
}

/** The addresses of a slice with their readiness; absent conditions mean ready. */
export function readinessInSlice(slice: EndpointSliceObject): ReadonlyMap<string, boolean> {
  return new Map(
    (slice.endpoints ?? []).flatMap((endpoint) =>
      endpoint.addresses.map((address) => [address, endpoint.conditions?.ready ?? true] as const),
    ),
  );
}
