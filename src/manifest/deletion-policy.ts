import type { Target } from '../model/target.ts';
import type { KubeObject, ObjectMeta } from './kube-object.ts';
import { DELETION_POLICY_ANNOTATION } from './labels.ts';

/**
 * The annotation that remembers `deletionPolicy: Orphan`: when the target has left the list, the list no longer says.
 * Each object of the target bears it, for the Service may be another's, or be given back or made anew without it.
 */
export function notedPolicy({
  deletionPolicy,
}: Pick<Target, 'deletionPolicy'>): Pick<ObjectMeta, 'annotations'> {
  return deletionPolicy === 'Orphan' ? { annotations: { [DELETION_POLICY_ANNOTATION]: 'Orphan' } } : {};
}

export function isNotedOrphan(object: KubeObject | undefined): boolean {
  return object?.metadata.annotations?.[DELETION_POLICY_ANNOTATION] === 'Orphan';
}
