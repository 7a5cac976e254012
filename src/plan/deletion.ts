import type { KubeObject, ObjectKind } from '../manifest/kube-object.ts';
import type { DeleteAction } from './object-plan.ts';

/** A deletion that hits the very object that was read, or nothing. */
export function deletionOf(kind: ObjectKind, object: KubeObject, reason: string): DeleteAction {
  const { uid, resourceVersion, namespace, name } = object.metadata;
  if (uid === undefined || resourceVersion === undefined) {
    throw new Error(`${kind} ${name} was read without uid or resourceVersion`);
  }
  return { verb: 'delete', kind, namespace: namespace ?? '', name, uid, resourceVersion, reason };
}
