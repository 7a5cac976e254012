import type { Target } from '../model/target.ts';
import type { EndpointsObject, KubeObject, ObjectMeta } from './kube-object.ts';

/** Our name for Kubernetes: field manager, managed-by labels, Event reporter. */
export const MANAGER = 'external-endpoints';

export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
export const INSTANCE_LABEL = 'external-endpoints/instance';
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
export const SLICE_MANAGED_BY_LABEL = 'endpointslice.kubernetes.io/managed-by';
export const SKIP_MIRROR_LABEL = 'endpointslice.kubernetes.io/skip-mirror';
/** kube-proxy ignores slices with this label. On slices of a Service that is not headless it drops all traffic. */
export const HEADLESS_LABEL = 'service.kubernetes.io/headless';
/** The endpoints controller labels its Endpoints; the label stays when that controller stops writing them. */
export const ENDPOINTS_MANAGED_BY_LABEL = 'endpoints.kubernetes.io/managed-by';
/** On Endpoints that are the lock of a leader election; they are never mirrored. */
export const LEADER_ANNOTATION = 'control-plane.alpha.kubernetes.io/leader';
/** The last manifest of `kubectl apply`; the next `kubectl apply` takes its fields for its own. */
export const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
export const OVER_CAPACITY_ANNOTATION = 'endpoints.kubernetes.io/over-capacity';
/** The endpoints controller's time of the last Pod or Service change; it has no meaning on Endpoints of ours. */
export const TRIGGER_TIME_ANNOTATION = 'endpoints.kubernetes.io/last-change-trigger-time';
/** The deletion policy of the target; it is read when the target has left the list. */
export const DELETION_POLICY_ANNOTATION = 'external-endpoints/deletion-policy';

/** The name of the list that publishes the object; only that list may delete it. */
export const LIST_ANNOTATION = 'external-endpoints/list';

/** On the Lease: the lists of its holder, as JSON. */
export const HOLDER_LISTS_ANNOTATION = 'external-endpoints/lists';

export const MIRROR_CONTROLLER = 'endpointslicemirroring-controller.k8s.io';
export const SLICE_CONTROLLER = 'endpointslice-controller.k8s.io';

export type Labels = Readonly<Record<string, string>>;

/** The ownership labels of a Service or of Endpoints. */
export function ownershipLabels(instance: string): Labels {
  return { [MANAGED_BY_LABEL]: MANAGER, [INSTANCE_LABEL]: instance };
}

/**
 * The ownership labels of an EndpointSlice. We select slices by their own managed-by label: the mirroring controller
 * copies application labels, so those say nothing about a slice (`utils.go:69-76`).
 */
export function sliceLabels(instance: string, serviceName: string): Labels {
  return {
    ...ownershipLabels(instance),
    [SLICE_MANAGED_BY_LABEL]: MANAGER,
    [SERVICE_NAME_LABEL]: serviceName,
  };
}

export type Owner = 'us' | 'otherInstance' | 'other';

/** The owner of a Service or of Endpoints, by its ownership labels. */
export function ownerOf(object: KubeObject, instance: string): Owner {
  return ownerByLabel(object, MANAGED_BY_LABEL, instance);
}

/** The owner of an EndpointSlice. The slice's managed-by label decides, never the application label. */
export function sliceOwnerOf(slice: KubeObject, instance: string): Owner {
  return ownerByLabel(slice, SLICE_MANAGED_BY_LABEL, instance);
}

/**
 * An object of ours that lost one ownership label is still ours, if it has the other label and an apply entry of ours in
 * `managedFields`. The next apply restores the label.
 */
function ownerByLabel(object: KubeObject, label: string, instance: string): Owner {
  const { labels = {}, managedFields = [] } = object.metadata;
  const weApplied = managedFields.some(
    ({ manager, operation }) => manager === MANAGER && operation === 'Apply',
  );
  const managedByUs = labels[label] === MANAGER;
  if (!managedByUs && !(weApplied && labels[label] === undefined && labels[INSTANCE_LABEL] !== undefined)) {
    return 'other';
  }
  const owner = labels[INSTANCE_LABEL];
  return owner === instance || (owner === undefined && weApplied) ? 'us' : 'otherInstance';
}

/**
 * The annotations that are needed when the target has left the list: which list that was, and `deletionPolicy: Orphan`.
 * Every object of the target has them, because the Service may have another owner, or may be released or created anew
 * without them.
 */
export function targetAnnotations({
  deletionPolicy,
  list,
}: Pick<Target, 'deletionPolicy' | 'list'>): Pick<ObjectMeta, 'annotations'> {
  if (deletionPolicy !== 'Orphan' && list === undefined) return {};
  return {
    annotations: {
      ...(list === undefined ? {} : { [LIST_ANNOTATION]: list }),
      ...(deletionPolicy === 'Orphan' ? { [DELETION_POLICY_ANNOTATION]: 'Orphan' } : {}),
    },
  };
}

export function hasOrphanPolicy(object: KubeObject | undefined): boolean {
  return object?.metadata.annotations?.[DELETION_POLICY_ANNOTATION] === 'Orphan';
}

/** Whether the mirroring controller ignores these Endpoints (`endpointslicemirroring_controller.go`). */
export function skipsMirror({ metadata }: EndpointsObject): boolean {
  return metadata.labels?.[SKIP_MIRROR_LABEL] === 'true';
}
