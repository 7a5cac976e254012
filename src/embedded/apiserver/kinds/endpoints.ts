import { isObject, type JsonObject, listOf } from '../json.ts';
import { COMMON, type Kind } from '../kind.ts';
import { endpointsSchema } from '../kind-schemas.ts';
import { endpointsWarnings, validateEndpoints } from '../validation/endpoints.ts';

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
