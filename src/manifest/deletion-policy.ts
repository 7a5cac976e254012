import type { Target } from '../model/target.ts';
import type { KubeObject, ObjectMeta } from './kube-object.ts';
import { DELETION_POLICY_ANNOTATION } from './labels.ts';

/**
 * The annotation for `deletionPolicy: Orphan`. It is needed when the target has left the list. Every object of the target
 * has it, because the Service may have another owner, or may be released or created anew without it.
 */
export function policyAnnotation({
  deletionPolicy,
}: Pick<Target, 'deletionPolicy'>): Pick<ObjectMeta, 'annotations'> {
  return deletionPolicy === 'Orphan' ? { annotations: { [DELETION_POLICY_ANNOTATION]: 'Orphan' } } : {};
}

export function hasOrphanPolicy(object: KubeObject | undefined): boolean {
  return object?.metadata.annotations?.[DELETION_POLICY_ANNOTATION] === 'Orphan';
}
