import type { Target } from '../model/target.ts';
import { type EndpointEntry, toSliceEndpoint } from './endpoint-entry.ts';
import type { EndpointPort, EndpointSliceObject } from './kube-object.ts';
import { HEADLESS_LABEL, sliceLabels, targetAnnotations } from './labels.ts';

/** The desired content of one slice. */
export interface SliceContent {
  readonly name: string;
  readonly addressType: 'IPv4' | 'IPv6';
  readonly ports: readonly EndpointPort[];
  readonly entries: readonly EndpointEntry[];
}

/** What a slice needs from its Service. */
export interface SliceService {
  /** Undefined: the Service does not exist yet; the writer fills the uid in after creating it. */
  readonly uid: string | undefined;
  readonly headless: boolean;
}

/**
 * The EndpointSlice as we apply it. A deleted Service takes its Endpoints with it but not its slices
 * (`service/storage/storage.go:333-357`), so slices have an owner reference. It has no `blockOwnerDeletion`, which needs
 * a permission on `services/finalizers` (`gc_admission.go:100-151`).
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
      ...targetAnnotations(target),
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
