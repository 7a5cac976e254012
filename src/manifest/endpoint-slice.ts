import type { Target } from '../model/target.ts';
import { notedPolicy } from './deletion-policy.ts';
import { type EndpointEntry, toSliceEndpoint } from './endpoint-entry.ts';
import type { EndpointPort, EndpointSliceObject } from './kube-object.ts';
import { HEADLESS_LABEL, sliceLabels } from './labels.ts';

/** What one slice shall contain. */
export interface SliceContent {
  readonly name: string;
  readonly addressType: 'IPv4' | 'IPv6';
  readonly ports: readonly EndpointPort[];
  readonly entries: readonly EndpointEntry[];
}

/** What a slice has to know of its Service. */
export interface SliceService {
  /** Undefined while the Service is yet to be created; filled in when it is. */
  readonly uid: string | undefined;
  readonly headless: boolean;
}

/**
 * The EndpointSlice as we apply it. Deleting a Service takes its Endpoints along but not its slices, hence the
 * owner reference (`service/storage/storage.go:333-357`); without `blockOwnerDeletion`, which would need a
 * right on `services/finalizers` (`gc_admission.go:100-151`).
 *
 */
export function buildEndpointSlice(
  target: Target,
  instance: string,
  content: SliceContent,
  service: SliceService,
): EndpointSliceObject {
  const { uid, headless } = service;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: content.name,
      namespace: target.namespace,
      labels: { ...sliceLabels(instance, target.name), ...(headless ? { [HEADLESS_LABEL]: '' } : {}) },
      ...notedPolicy(target),
      ...(uid === undefined ? {} : { ownerReferences: [ownerReference(target.name, uid)] }),
    },
    addressType: content.addressType,
    endpoints: content.entries.map(toSliceEndpoint),
    ports: content.ports,
  };
}

export function ownerReference(serviceName: string, uid: string) {
  return { apiVersion: 'v1', kind: 'Service', name: serviceName, uid };
}
