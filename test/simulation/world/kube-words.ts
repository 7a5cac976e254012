import type { ApiObject } from '../../../src/embedded/apiserver/object.ts';
import type { Change } from '../../../src/embedded/apiserver/store.ts';

/**
 * Kubernetes' own names, written here again on purpose: checkers that import them from the product would share its
 * mistakes.
 */
export const MIRROR = 'endpointslicemirroring-controller.k8s.io';
export const SLICE_CONTROLLER = 'endpointslice-controller.k8s.io';
export const PRODUCT = 'external-endpoints';
export const SERVICE_NAME = 'kubernetes.io/service-name';
export const SLICE_MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const INSTANCE = 'external-endpoints/instance';
export const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';

/** The Pod behind every Service with a selector. */
export const POD_ADDRESSES: readonly string[] = ['10.244.0.10', '10.244.0.11'];

export interface ServicePortOfWorld {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly protocol?: string;
}

interface ServiceSpecOfWorld {
  readonly type?: string;
  readonly clusterIP?: string;
  readonly ipFamilies?: readonly string[];
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly ServicePortOfWorld[];
}

interface SliceOfWorld {
  readonly addressType: 'IPv4' | 'IPv6';
  readonly endpoints?:
    | readonly { readonly addresses: readonly string[]; readonly conditions?: { readonly ready?: boolean } }[]
    | null;
  readonly ports?:
    | readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[]
    | null;
}

export interface SubsetOfWorld {
  readonly addresses?: readonly { readonly ip: string }[];
  readonly notReadyAddresses?: readonly { readonly ip: string }[];
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
}

export function subsetsOf(endpoints: ApiObject): readonly SubsetOfWorld[] {
  return (endpoints.subsets ?? []) as unknown as readonly SubsetOfWorld[];
}

export function specOf(service: ApiObject): ServiceSpecOfWorld {
  return (service.spec ?? {}) as unknown as ServiceSpecOfWorld;
}

export function contentOf(slice: ApiObject): SliceOfWorld {
  return slice as unknown as SliceOfWorld;
}

export function hasSelector(service: ApiObject): boolean {
  return Object.keys(specOf(service).selector ?? {}).length > 0;
}

/** The Service that a change belongs to, as `namespace/name`. */
export function serviceKeyOf(change: Change): string | undefined {
  const { object, key } = change.stored;
  if (change.resource === 'services' || change.resource === 'endpoints') return key;
  return change.resource === 'endpointslices' ? serviceKeyOfSlice(object) : undefined;
}

export function serviceKeyOfSlice({ metadata }: ApiObject): string {
  const owner = (metadata.ownerReferences ?? []).find(({ kind }) => kind === 'Service');
  return `${metadata.namespace}/${metadata.labels?.[SERVICE_NAME] ?? owner?.name ?? ''}`;
}
