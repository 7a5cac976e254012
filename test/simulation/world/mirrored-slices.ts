import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';
import { MIRROR, type SubsetOfWorld, subsetsOf } from './kube-words.ts';

/** An object as a controller of Kubernetes writes it. */
export interface WantedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly object[];
  };
  readonly [field: string]: unknown;
}

/** The slices that the mirroring controller creates from hand-kept Endpoints: one for each family and port list. */
export function mirroredSlices(endpoints: ApiObject): WantedObject[] {
  const subsets = subsetsOf(endpoints);
  return subsets.flatMap((subset) =>
    (['IPv4', 'IPv6'] as const).flatMap((addressType) => {
      const entries = entriesOf(subset, addressType);
      return entries.length === 0 ? [] : [sliceOf(endpoints, subset, addressType, entries)];
    }),
  );
}

function entriesOf(subset: SubsetOfWorld, addressType: string) {
  // Where an address is both, not ready wins (`pkg/api/v1/endpoints/util.go:131`).
  const notReady = new Set((subset.notReadyAddresses ?? []).map(({ ip }) => ip));
  const ready = (subset.addresses ?? []).map(({ ip }) => ip).filter((ip) => !notReady.has(ip));
  return [...ready.map((ip) => ({ ip, ready: true })), ...[...notReady].map((ip) => ({ ip, ready: false }))]
    .filter(({ ip }) => ip.includes(':') === (addressType === 'IPv6'))
    .map(({ ip, ready: isReady }) => ({ addresses: [ip], conditions: { ready: isReady } }));
}

/** Each port list has one subset, and keeps its slice when others change. */
function portsKey({ ports = [] }: SubsetOfWorld): string {
  return ports.map(({ name = '', port }) => `${name}${port}`).join('-');
}

function sliceOf(
  endpoints: ApiObject,
  subset: SubsetOfWorld,
  addressType: string,
  entries: readonly object[],
): WantedObject {
  const { name, namespace = '', labels = {}, uid } = endpoints.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-mirror-${addressType.toLowerCase()}-${portsKey(subset)}`,
      namespace,
      // Copies every label, the application's managed-by included (`utils.go:69-84`).
      labels: {
        ...labels,
        'kubernetes.io/service-name': name,
        'endpointslice.kubernetes.io/managed-by': MIRROR,
      },
      ownerReferences: [
        { apiVersion: 'v1', kind: 'Endpoints', name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    addressType,
    endpoints: entries,
    ports: (subset.ports ?? []).map(({ name: portName, port, protocol }) => ({
      name: portName ?? '',
      port,
      protocol: protocol ?? 'TCP',
    })),
  };
}
