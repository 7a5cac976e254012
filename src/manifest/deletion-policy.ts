import type { Target } from '../target/target.ts';
import type { KubeObject, ObjectMeta } from './kube-object.ts';
import { DELETION_POLICY_ANNOTATION } from './labels.ts';

/**
 * The annotation that remembers `deletionPolicy: Orphan`, for objects of a Service that is not ours to write to:
 * when the target has left the list, the list no longer says.
 */
export function notedPolicy({
  service,
  deletionPolicy,
}: Pick<Target, 'service' | 'deletionPolicy'>): Pick<ObjectMeta, 'annotations'> {
  if (service.create || deletionPolicy !== 'Orphan') return {};
  return { annotations: { [DELETION_POLICY_ANNOTATION]: 'Orphan' } };
}

export function isNotedOrphan(object: KubeObject | undefined): boolean {
  return object?.metadata.annotations?.[DELETION_POLICY_ANNOTATION] === 'Orphan';
}
