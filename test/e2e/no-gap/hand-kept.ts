import type {
  EndpointSliceObject,
  EndpointsObject,
  ServiceObject,
} from '../../../src/manifest/kube-object.ts';

interface Place {
  readonly namespace: string;
}

export const PG = { name: 'pg', port: 5432, protocol: 'TCP' };

/** A Service as people keep it by hand. */
export function handKeptService({ namespace }: Place, name: string, spec: object): ServiceObject {
  const metadata = { name, namespace, labels: { team: 'payments' } };
  return { apiVersion: 'v1', kind: 'Service', metadata, spec };
}

export function handKeptEndpoints(
  { namespace }: Place,
  name: string,
  addresses: readonly string[],
  port: object = PG,
): EndpointsObject {
  const subsets = [{ addresses: addresses.map((ip) => ({ ip })), ports: [port] }];
  return { apiVersion: 'v1', kind: 'Endpoints', metadata: { name, namespace }, subsets };
}

export function handKeptSlice(
  { namespace }: Place,
  service: string,
  addresses: readonly string[],
  managedBy: string,
): EndpointSliceObject {
  const labels = {
    'kubernetes.io/service-name': service,
    'endpointslice.kubernetes.io/managed-by': managedBy,
  };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${service}-kept`, namespace, labels },
    addressType: 'IPv4',
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [PG],
  };
}
