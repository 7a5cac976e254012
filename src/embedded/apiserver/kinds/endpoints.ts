import { isObject, type JsonObject, listOf } from '../json.ts';
import { COMMON, type Kind } from '../kind.ts';
import { kind, objectReference } from '../schema/common-schemas.ts';
import { always, atomicList, atomicStruct, int32, pointer, string, struct } from '../schema/schema.ts';
import { endpointsWarnings, validateEndpoints } from '../validation/endpoints.ts';

const endpointAddress = atomicStruct('EndpointAddress', {
  ip: always(string),
  hostname: string,
  nodeName: pointer(string),
  targetRef: pointer(objectReference),
});

const endpointsSchema = kind('Endpoints', {
  subsets: atomicList(
    struct('EndpointSubset', {
      addresses: atomicList(endpointAddress),
      notReadyAddresses: atomicList(endpointAddress),
      ports: atomicList(
        atomicStruct('EndpointPort', {
          name: string,
          port: always(int32),
          protocol: string,
          appProtocol: pointer(string),
        }),
      ),
    }),
  ),
});

/** pkg/registry/core/endpoint/strategy.go. */
export const endpointsKind: Kind = {
  ...COMMON,
  group: '',
  kind: 'Endpoints',
  resource: 'endpoints',
  singular: 'endpoints',
  shortNames: ['ep'],
  storageVersionHash: 'fWeeMqaN/OA=',
  storage: 'endpoints',
  schema: endpointsSchema,
  createsOnUpdate: true,
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  applyDefaults,
  validate: validateEndpoints,
  warnings: endpointsWarnings,
};

function applyDefaults(object: JsonObject): void {
  for (const subset of listOf(object.subsets).filter(isObject)) {
    for (const port of listOf(subset.ports).filter(isObject)) port.protocol ??= 'TCP';
  }
}
