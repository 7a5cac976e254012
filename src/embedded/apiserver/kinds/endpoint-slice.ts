import { isObject, type JsonObject, listOf, sameJson } from '../json.ts';
import { COMMON, type Kind } from '../kind.ts';
import type { ApiObject } from '../object.ts';
import { kind, objectReference } from '../schema/common-schemas.ts';
import {
  always,
  atomicList,
  atomicStruct,
  boolean,
  int32,
  map,
  pointer,
  setList,
  string,
  struct,
} from '../schema/schema.ts';
import { endpointSliceWarnings, validateEndpointSlice } from '../validation/endpoint-slice.ts';

const endpointHints = struct('EndpointHints', {
  forZones: atomicList(struct('ForZone', { name: always(string) })),
  forNodes: atomicList(struct('ForNode', { name: always(string) })),
});

const endpointSliceSchema = kind('EndpointSlice', {
  addressType: always(string),
  endpoints: always(
    atomicList(
      struct('Endpoint', {
        addresses: always(setList(string)),
        conditions: struct('EndpointConditions', {
          ready: pointer(boolean),
          serving: pointer(boolean),
          terminating: pointer(boolean),
        }),
        hostname: pointer(string),
        targetRef: pointer(objectReference),
        deprecatedTopology: map(string),
        nodeName: pointer(string),
        zone: pointer(string),
        hints: pointer(endpointHints),
      }),
    ),
  ),
  ports: always(
    atomicList(
      atomicStruct('EndpointPort', {
        name: pointer(string),
        protocol: pointer(string),
        port: pointer(int32),
        appProtocol: pointer(string),
      }),
    ),
  ),
});

/** pkg/registry/discovery/endpointslice/strategy.go. */
export const endpointSliceKind: Kind = {
  ...COMMON,
  group: 'discovery.k8s.io',
  kind: 'EndpointSlice',
  resource: 'endpointslices',
  singular: 'endpointslice',
  storageVersionHash: 'qgS0xkrxYAI=',
  storage: 'endpointslices',
  schema: endpointSliceSchema,
  applyDefaults,
  prepare,
  validate: validateEndpointSlice,
  warnings: endpointSliceWarnings,
};

function applyDefaults(object: JsonObject): void {
  for (const port of listOf(object.ports).filter(isObject)) {
    port.name ??= '';
    port.protocol ??= 'TCP';
  }
}

/** The generation counts changes of the content and of the labels, not of other metadata. */
function prepare(object: ApiObject, existing: ApiObject | undefined): void {
  const { metadata } = object;
  // A field of v1beta1 that v1 keeps only on existing objects.
  // Storage does not distinguish an empty list from a missing one.
  for (const list of ['endpoints', 'ports']) if (listOf(object[list]).length === 0) object[list] = null;
  for (const endpoint of listOf(object.endpoints).filter(isObject)) delete endpoint.deprecatedTopology;
  if (existing === undefined) {
    metadata.generation = 1;
    return;
  }
  const generation = existing.metadata.generation ?? 1;
  const same =
    sameJson(object.endpoints, existing.endpoints) &&
    sameJson(object.ports, existing.ports) &&
    object.addressType === existing.addressType &&
    sameJson(metadata.labels, existing.metadata.labels);
  metadata.generation = same ? generation : generation + 1;
}
