import { entriesOf } from '../../src/manifest/endpoint-entry.ts';
import { buildEndpointSlice } from '../../src/manifest/endpoint-slice.ts';
import { buildEndpoints } from '../../src/manifest/endpoints.ts';
import type {
  EndpointSliceObject,
  EndpointsObject,
  KubeObject,
  ObjectMeta,
  ServiceObject,
  ServiceSpec,
} from '../../src/manifest/kube-object.ts';
import {
  MANAGER,
  MIRROR_CONTROLLER,
  SERVICE_NAME_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../../src/manifest/labels.ts';
import { buildService } from '../../src/manifest/service.ts';
import { familyOf } from '../../src/model/ip-address.ts';
import type { Target } from '../../src/model/target.ts';
import { fieldsOf, withPaths } from '../../src/plan/field-ownership/field-paths.ts';
import { ip } from './addresses.ts';
import { assessed } from './assessments.ts';
import { targetOf } from './targets.ts';

/** Objects of the Service `shop/db` as the API server returns them: port `p`, 5432. */

/** Addresses, with their readiness. */
export type Readiness = Readonly<Record<string, boolean>>;

export const SERVICE_UID = 'uid-Service-db';

const PORT = { name: 'p', port: 5432, protocol: 'TCP' } as const;

/** `shop/db` with port `p`, 5432, and these fields in YAML's flow style. */
export function targetDb(fields = 'endpoints: [{ address: 10.0.0.1 }, { address: 10.0.0.2 }]'): Target {
  return targetOf(`ports: [{ name: p, port: 5432 }], ${fields}`);
}

/** The Service of another owner. */
export function otherService(
  spec: Partial<ServiceSpec> = {},
  metadata: Partial<ObjectMeta> = {},
): ServiceObject {
  return stored<ServiceObject>(
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'db', namespace: 'shop', ...metadata },
      spec: {
        type: 'ClusterIP',
        clusterIP: '10.96.0.9',
        ipFamilies: ['IPv4'],
        ports: [{ name: 'p', port: 5432, targetPort: 5432, protocol: 'TCP' }],
        ...spec,
      },
    },
    'kubectl-create',
  );
}

/** The Service as we applied it for the target, with what the API server added. */
export function ourService(target = targetDb(), spec: Partial<ServiceSpec> = {}): ServiceObject {
  const applied = stored(buildService(target, 'default'), MANAGER);
  const clusterIP = applied.spec.clusterIP ?? '10.96.0.9';
  return { ...applied, spec: { ...applied.spec, clusterIP, ipFamilies: ['IPv4'], ...spec } };
}

/** Endpoints of another owner. */
export function otherEndpoints(addresses: Readiness, metadata: Partial<ObjectMeta> = {}): EndpointsObject {
  const listed = (ready: boolean) =>
    Object.entries(addresses)
      .filter(([, each]) => each === ready)
      .map(([ip]) => ({ ip }));
  return stored<EndpointsObject>(
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'db', namespace: 'shop', ...metadata },
      subsets: [{ addresses: listed(true), notReadyAddresses: listed(false), ports: [PORT] }],
    },
    'kubectl-create',
  );
}

/** Endpoints as we applied them for the target; these labels were changed afterwards. */
export function ourEndpoints(addresses: Readiness, target = targetDb(), labels = {}): EndpointsObject {
  const applied = stored(buildEndpoints(target, 'default', entriesFrom(addresses, target)), MANAGER);
  return { ...applied, metadata: { ...applied.metadata, labels: { ...applied.metadata.labels, ...labels } } };
}

/** A slice as we applied it for the target. */
export function ourSlice(addresses: Readiness, target = targetDb()): EndpointSliceObject {
  const content = {
    name: 'db-ipv4-0',
    addressType: 'IPv4',
    ports: [PORT],
    entries: entriesFrom(addresses, target),
  } as const;
  const service = { uid: SERVICE_UID, headless: target.service.type === 'Headless' };
  return stored(buildEndpointSlice(target, 'default', content, service), MANAGER);
}

/** A slice that another program keeps, the mirroring controller unless named otherwise. */
export function otherSlice(
  addresses: Readiness,
  managedBy = MIRROR_CONTROLLER,
  labels: Readonly<Record<string, string>> = {},
): EndpointSliceObject {
  const [first = '10.0.0.1'] = Object.keys(addresses);
  return stored<EndpointSliceObject>(
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'db-x7k2p',
        namespace: 'shop',
        labels: { [SERVICE_NAME_LABEL]: 'db', [SLICE_MANAGED_BY_LABEL]: managedBy, ...labels },
      },
      addressType: familyOf(ip(first)),
      endpoints: Object.entries(addresses).map(([address, ready]) => ({
        addresses: [address],
        conditions: { ready },
      })),
      ports: [PORT],
    },
    managedBy,
  );
}

function entriesFrom(addresses: Readiness, target: Target) {
  const assessments = Object.entries(addresses).map(([address, ready]) =>
    assessed(address, ready ? 'healthy' : 'unhealthy'),
  );
  return entriesOf(assessments, target);
}

/** With uid, resourceVersion, and a `managedFields` entry of this manager for every field. */
export function stored<O extends KubeObject>(object: O, manager: string, operation?: 'Apply' | 'Update'): O {
  const { metadata, kind, apiVersion } = object;
  const entry = {
    manager,
    operation: operation ?? (manager === MANAGER ? 'Apply' : 'Update'),
    apiVersion,
    fieldsType: 'FieldsV1',
    fieldsV1: withPaths({}, fieldsOf(object).keys()),
  } as const;
  return {
    ...object,
    metadata: {
      ...metadata,
      uid: `uid-${kind}-${metadata.name}`,
      resourceVersion: '7',
      managedFields: [entry],
    },
  };
}
