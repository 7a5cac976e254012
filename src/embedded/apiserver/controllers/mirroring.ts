import { isObject, type JsonObject, type JsonValue, listOf, objectOf, stringOf } from '../json.ts';
import { endpointsKind } from '../kinds/endpoints.ts';
import { serviceKind } from '../kinds/service.ts';
import { specOf } from '../kinds/service-spec.ts';
import type { ApiObject } from '../object.ts';
import type { ControllerClient } from './controller-client.ts';
import type { SliceIndex } from './slice-index.ts';
import { type WantedSlice, writeSlices } from './slice-writer.ts';

const MANAGED_BY = 'endpointslicemirroring-controller.k8s.io';
const SKIP_MIRROR_LABEL = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER_ANNOTATION = 'control-plane.alpha.kubernetes.io/leader';
const NOT_COPIED = [
  'endpoints.kubernetes.io/last-change-trigger-time',
  'kubectl.kubernetes.io/last-applied-configuration',
];
/** `--mirroring-max-endpoints-per-subset`. */
const MAX_PER_SUBSET = 1000;

/**
 * pkg/controller/endpointslicemirroring: copies the Endpoints of a Service without a selector to EndpointSlices with
 * the same labels, even when the Service has other slices.
 *
 * @param key the key of the Endpoints and of the Service.
 */
export function mirror(client: ControllerClient, slices: SliceIndex, key: string): void {
  const endpoints = client.get(endpointsKind, key);
  const service = client.get(serviceKind, key);
  const existing = slices.of(key, MANAGED_BY);
  const [namespace = '', name = ''] = key.split('/');
  if (endpoints === undefined || service === undefined || !isMirrored(endpoints, service)) {
    // Only the slices of this controller are relevant.
    const owner = endpoints ?? service ?? existing[0];
    if (owner === undefined || existing.length === 0) return;
    const template = { namespace, service: name, managedBy: MANAGED_BY, labels: {}, annotations: {}, owner };
    writeSlices(client, template, existing, []);
    return;
  }
  const { labels = {}, annotations = {} } = endpoints.metadata;
  const copied = Object.entries(annotations).filter(([annotation]) => !NOT_COPIED.includes(annotation));
  const template = {
    namespace,
    service: name,
    managedBy: MANAGED_BY,
    labels,
    annotations: Object.fromEntries(copied),
    owner: endpoints,
    updatesAnew: true,
  };
  writeSlices(client, template, existing, wantedSlices(endpoints));
}

function isMirrored(endpoints: ApiObject, service: ApiObject): boolean {
  const { labels = {}, annotations = {} } = endpoints.metadata;
  const hasSelector = Object.keys(objectOf(specOf(service).selector)).length > 0;
  return labels[SKIP_MIRROR_LABEL] !== 'true' && !(LEADER_ANNOTATION in annotations) && !hasSelector;
}

interface Address {
  readonly address: JsonObject;
  ready: boolean;
}

/** One slice for each set of ports and each family. An address that is listed as ready and as not ready is not ready. */
function wantedSlices(endpoints: ApiObject): WantedSlice[] {
  const byPorts = new Map<string, { ports: JsonValue[]; addresses: Map<string, Address> }>();
  for (const subset of listOf(endpoints.subsets).filter(isObject)) {
    const ports = listOf(subset.ports).filter(isObject).map(slicePort);
    const portsKey = JSON.stringify(ports);
    const group = byPorts.get(portsKey) ?? { ports, addresses: new Map<string, Address>() };
    byPorts.set(portsKey, group);
    addAll(group.addresses, listOf(subset.addresses), true);
    addAll(group.addresses, listOf(subset.notReadyAddresses), false);
  }
  return [...byPorts.values()].flatMap(({ ports, addresses }) => {
    const sorted = [...addresses.values()].sort((a, b) => Number(b.ready) - Number(a.ready));
    const kept = sorted.slice(0, MAX_PER_SUBSET);
    return (['IPv4', 'IPv6'] as const).flatMap((addressType) => {
      const ofFamily = kept.filter(
        ({ address }) => stringOf(address.ip).includes(':') === (addressType === 'IPv6'),
      );
      return ofFamily.length === 0 ? [] : [{ addressType, ports, endpoints: ofFamily.map(endpointOf) }];
    });
  });
}

function addAll(addresses: Map<string, Address>, list: readonly JsonValue[], ready: boolean): void {
  for (const address of list.filter(isObject)) {
    const ip = stringOf(address.ip);
    const known = addresses.get(ip);
    if (known === undefined) addresses.set(ip, { address, ready });
    else known.ready &&= ready;
  }
}

function slicePort({ name, port, protocol, appProtocol }: JsonObject): JsonObject {
  return {
    name: stringOf(name),
    protocol: stringOf(protocol) || 'TCP',
    ...(port === undefined ? {} : { port }),
    ...(appProtocol === undefined ? {} : { appProtocol }),
  };
}

function endpointOf({ address, ready }: Address): JsonObject {
  const { ip, hostname, nodeName, targetRef } = address;
  return {
    addresses: [stringOf(ip)],
    conditions: { ready },
    ...(hostname === undefined ? {} : { hostname }),
    ...(targetRef === undefined ? {} : { targetRef }),
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}
