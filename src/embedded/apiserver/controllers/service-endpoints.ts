import {
  isObject,
  type JsonObject,
  listOf,
  numberOf,
  objectOf,
  sameJson,
  sortedByKey,
  stringMapOf,
  stringOf,
} from '../json.ts';
import { endpointsKind } from '../kinds/endpoints.ts';
import { serviceKind } from '../kinds/service.ts';
import { specOf } from '../kinds/service-spec.ts';
import type { ApiObject } from '../object.ts';
import type { ControllerClient } from './controller-client.ts';
import type { SliceIndex } from './slice-index.ts';
import { writeSlices } from './slice-writer.ts';

const SLICES_MANAGED_BY = 'endpointslice-controller.k8s.io';
const ENDPOINTS_MANAGED_BY_LABEL = 'endpoints.kubernetes.io/managed-by';
const TRIGGER_TIME_ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time';

/** The properties of a Pod that these controllers read. */
export interface PodAddress {
  readonly ip: string;
  readonly ready: boolean;
}

/** Replaces Pods, which the server does not have: the Pods that a selector matches. */
export type SelectPods = (
  namespace: string,
  selector: Readonly<Record<string, string>>,
) => readonly PodAddress[];

/** Whether these controllers manage the Service. They leave other Services unchanged. */
function selectorOf(service: ApiObject | undefined): Record<string, string> | undefined {
  if (service === undefined || specOf(service).type === 'ExternalName') return undefined;
  const selector = stringMapOf(specOf(service).selector);
  return Object.keys(selector).length === 0 ? undefined : selector;
}

/**
 * pkg/controller/endpoint: writes the Endpoints of a Service with a selector, replacing existing ones, with the labels
 * of the Service. It cleans nothing up when the selector is removed.
 */
export function writeServiceEndpoints(client: ControllerClient, selectPods: SelectPods, key: string): void {
  const service = client.get(serviceKind, key);
  const existing = client.get(endpointsKind, key);
  if (service === undefined) {
    if (existing !== undefined) client.delete(endpointsKind, existing);
    return;
  }
  const selector = selectorOf(service);
  const { namespace = '', name } = service.metadata;
  if (selector === undefined) return;
  const pods = selectPods(namespace, selector);
  const subsets = subsetsOf(service, pods);
  const labels = sortedByKey({
    ...service.metadata.labels,
    [ENDPOINTS_MANAGED_BY_LABEL]: 'endpoint-controller',
  });
  // The trigger time is the creation of the Service, because the Pods here have no times.
  const annotations = {
    ...existing?.metadata.annotations,
    [TRIGGER_TIME_ANNOTATION]: service.metadata.creationTimestamp,
  };
  if (existing === undefined) {
    client.create(endpointsKind, namespace, { metadata: { name, labels, annotations }, subsets });
    return;
  }
  if (sameJson(existing.subsets ?? [], subsets) && sameJson(existing.metadata.labels ?? {}, labels)) return;
  client.update(endpointsKind, {
    ...existing,
    metadata: { ...existing.metadata, labels, annotations },
    subsets,
  } as ApiObject);
}

function subsetsOf(service: ApiObject, pods: readonly PodAddress[]): JsonObject[] {
  if (pods.length === 0) return [];
  const list = (ready: boolean) => pods.filter((pod) => pod.ready === ready).map(({ ip }) => ({ ip }));
  const addresses = list(true);
  const notReadyAddresses = list(false);
  return [
    {
      ...(addresses.length === 0 ? {} : { addresses }),
      ...(notReadyAddresses.length === 0 ? {} : { notReadyAddresses }),
      ports: portsOf(service).map(({ name, port, protocol }) => ({
        ...(name === '' ? {} : { name }),
        port,
        protocol,
      })),
    },
  ];
}

function portsOf(service: ApiObject): { name: string; port: number; protocol: string }[] {
  return listOf(specOf(service).ports)
    .filter(isObject)
    .map(({ name, port, targetPort, protocol }) => ({
      name: stringOf(name),
      // A named target port must be looked up in a Pod.
      port: typeof targetPort === 'number' ? targetPort : numberOf(port),
      protocol: stringOf(protocol),
    }));
}

/**
 * pkg/controller/endpointslice: writes the slices of a Service with a selector, an empty one when there are no Pods.
 * It never touches other slices, and keeps its own when the selector is removed.
 */
export function writeServiceSlices(
  client: ControllerClient,
  slices: SliceIndex,
  selectPods: SelectPods,
  key: string,
): void {
  const service = client.get(serviceKind, key);
  const selector = selectorOf(service);
  if (service === undefined || selector === undefined) return;
  const { namespace = '', name, labels = {} } = service.metadata;
  const pods = selectPods(namespace, selector);
  const ports = pods.length === 0 ? [] : portsOf(service);
  const wanted = listOf(objectOf(service.spec).ipFamilies).flatMap((family) => {
    const ofFamily = pods.filter((pod) => pod.ip.includes(':') === (family === 'IPv6'));
    const endpoints = ofFamily.map(({ ip, ready }) => ({
      addresses: [ip],
      conditions: { ready, serving: ready, terminating: false },
    }));
    return [{ addressType: family === 'IPv6' ? ('IPv6' as const) : ('IPv4' as const), ports, endpoints }];
  });
  const managedBy = SLICES_MANAGED_BY;
  const annotations = { [TRIGGER_TIME_ANNOTATION]: service.metadata.creationTimestamp };
  const template = { namespace, service: name, managedBy, labels, annotations, owner: service };
  writeSlices(client, template, slices.of(key, managedBy), wanted);
}
