import type { EndpointsObject, KubeObject } from './kube-object.ts';

/** Ours in every place where Kubernetes asks who did it: field manager, labels, Event reporter. */
export const MANAGER = 'external-endpoints';

export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
export const INSTANCE_LABEL = 'external-endpoints/instance';
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
export const SLICE_MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
export const SKIP_MIRROR_LABEL = 'endpointslice.kubernetes.io/skip-mirror';
/** Hides slices from kube-proxy: right on a headless Service's slices, a blackhole on any other. */
export const HEADLESS_LABEL = 'service.kubernetes.io/headless';
/** The endpoints controller puts it on what it writes; it says nothing of Endpoints that it writes no more. */
export const ENDPOINTS_MANAGED_BY_LABEL = 'endpoints.kubernetes.io/managed-by';
/** On Endpoints that are some program's lock for leader election; they are never mirrored. */
export const LEADER_ANNOTATION = 'control-plane.alpha.kubernetes.io/leader';
/** What `kubectl apply` sent last: it would take it for its own the next time. */
export const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
export const OVER_CAPACITY_ANNOTATION = 'endpoints.kubernetes.io/over-capacity';
/** When the endpoints controller last saw a Pod or Service change; of ours it says nothing. */
export const TRIGGER_TIME_ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time';
/** What becomes of a Service whose target leaves the list; read back when the list no longer says. */
export const DELETION_POLICY_ANNOTATION = 'external-endpoints/deletion-policy';

export const MIRROR_CONTROLLER = 'endpointslicemirroring-controller.k8s.io';
export const SLICE_CONTROLLER = 'endpointslice-controller.k8s.io';

export type Labels = Readonly<Record<string, string>>;

/** The marks of a Service or Endpoints that this instance owns. */
export function ownershipLabels(instance: string): Labels {
  return { [MANAGED_BY_LABEL]: MANAGER, [INSTANCE_LABEL]: instance };
}

/**
 * The marks of an EndpointSlice. The slice's own managed-by label is what we select by: the mirroring
 * controller copies application labels, so those prove nothing about a slice (`utils.go:69-76`).
 */
export function sliceLabels(instance: string, serviceName: string): Labels {
  return {
    ...ownershipLabels(instance),
    [SLICE_MANAGED_BY_LABEL]: MANAGER,
    [SERVICE_NAME_LABEL]: serviceName,
  };
}

export type Owner = 'us' | 'otherInstance' | 'nobody';

/** Whose marks a Service or Endpoints bears. */
export function ownerOf(object: KubeObject, instance: string): Owner {
  return ownerByLabel(object, MANAGED_BY_LABEL, instance);
}

/** Whose marks an EndpointSlice bears: the slice label decides, never the application's. */
export function sliceOwnerOf(slice: KubeObject, instance: string): Owner {
  return ownerByLabel(slice, SLICE_MANAGED_BY_LABEL, instance);
}

/**
 * Somebody who takes one label off an object of ours has not made it theirs: as long as the other label is
 * there and the API server remembers what we applied, it is ours, and the label comes back.
 */
function ownerByLabel(object: KubeObject, label: string, instance: string): Owner {
  const { labels = {}, managedFields = [] } = object.metadata;
  const weApplied = managedFields.some(
    ({ manager, operation }) => manager === MANAGER && operation === 'Apply',
  );
  const managedByUs = labels[label] === MANAGER;
  if (!managedByUs && !(weApplied && labels[label] === undefined && labels[INSTANCE_LABEL] !== undefined)) {
    return 'nobody';
  }
  const owner = labels[INSTANCE_LABEL];
  return owner === instance || (owner === undefined && weApplied) ? 'us' : 'otherInstance';
}

/** Whether the mirroring controller leaves these Endpoints alone (`endpointslicemirroring_controller.go`). */
export function skipsMirror({ metadata }: EndpointsObject): boolean {
  return metadata.labels?.[SKIP_MIRROR_LABEL] === 'true';
}
