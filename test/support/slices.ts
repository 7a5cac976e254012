import { publishedKey } from '../../src/endpoint/assessment.ts';
import type { EndpointEntry } from '../../src/manifest/endpoint-entry.ts';
import { toSliceEndpoint } from '../../src/manifest/endpoint-entry.ts';
import type { EndpointPort, EndpointSliceObject } from '../../src/manifest/kube-object.ts';
import { sliceLabels } from '../../src/manifest/labels.ts';
import { familyOf } from '../../src/model/ip-address.ts';

/** A slice of ours as the API server returns it. */
export function sliceOf(
  name: string,
  ports: readonly EndpointPort[],
  entries: readonly Pick<EndpointEntry, 'address' | 'ready' | 'zone'>[],
  family: 'IPv4' | 'IPv6' = entries[0] === undefined ? 'IPv4' : familyOf(entries[0].address),
): EndpointSliceObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      resourceVersion: '1',
      labels: sliceLabels('default', 'db'),
    },
    addressType: family,
    endpoints: entries.map((entry) => toSliceEndpoint({ ...entry, ports })),
    ports,
  };
}

export function portNamed(name: string, port: number): EndpointPort {
  return { name, port, protocol: 'TCP' };
}

/** The n-th address of a range, from 0 on; every 7th number is an IPv6 address when `mixed`. */
export function nthAddress(n: number, mixed = false): string {
  if (mixed && n % 7 === 6) return `2001:db8::${(n + 1).toString(16)}`;
  return `10.${Math.floor(n / 65_536)}.${Math.floor(n / 256) % 256}.${n % 256}`;
}

/** For each address and port: the readiness in each slice, as kube-proxy reads it. */
export function readinessBySlice(slices: Iterable<EndpointSliceObject>): Map<string, Map<string, boolean>> {
  const seen = new Map<string, Map<string, boolean>>();
  for (const slice of slices) {
    for (const endpoint of slice.endpoints ?? []) {
      for (const port of slice.ports ?? []) {
        const key = publishedKey(endpoint.addresses[0] ?? '', port);
        const places = seen.get(key) ?? new Map<string, boolean>();
        places.set(slice.metadata.name, endpoint.conditions?.ready ?? true);
        seen.set(key, places);
      }
    }
  }
  return seen;
}
