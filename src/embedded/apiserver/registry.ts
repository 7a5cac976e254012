import { groupVersionOf, type Kind } from './kind.ts';
import { configMapKind } from './kinds/config-map.ts';
import { endpointSliceKind } from './kinds/endpoint-slice.ts';
import { endpointsKind } from './kinds/endpoints.ts';
import { coreEventKind, eventKind } from './kinds/event.ts';
import { leaseKind } from './kinds/lease.ts';
import { namespaceKind } from './kinds/namespace.ts';
import { serviceKind } from './kinds/service.ts';

/** Every resource the server stores. */
export const KINDS: readonly Kind[] = [
  configMapKind,
  endpointsKind,
  coreEventKind,
  namespaceKind,
  serviceKind,
  eventKind,
  leaseKind,
  endpointSliceKind,
];

/** `GROUP/VERSION/RESOURCE`, with an empty group for the core. */
const BY_PATH: ReadonlyMap<string, Kind> = new Map(
  KINDS.map((kind) => [`${kind.group}/${kind.version}/${kind.resource}`, kind]),
);

export function kindAt(group: string, version: string, resource: string): Kind | undefined {
  return BY_PATH.get(`${group}/${version}/${resource}`);
}

export function kindNamed(apiVersion: string, kind: string): Kind | undefined {
  return KINDS.find((one) => groupVersionOf(one) === apiVersion && one.kind === kind);
}
