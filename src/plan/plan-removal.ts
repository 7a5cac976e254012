import { isNotedOrphan } from '../manifest/deletion-policy.ts';
import type { KubeObject } from '../manifest/kube-object.ts';
import { ownerOf } from '../manifest/labels.ts';
import { hasSelector } from '../manifest/service.ts';
import { deleteAction } from './actions.ts';
import { type ExistingObjects, slicesByOwner } from './existing-objects.ts';
import type { Action, ObjectPlan } from './object-plan.ts';

/** Where a target has left the list: what to do with what it leaves behind. */
export interface RemovalInput {
  readonly namespace: string;
  readonly name: string;
  readonly existing: ExistingObjects;
  readonly instance: string;
}

/**
 * The policy that the target had, kept on its objects because the list no longer says. A Service that selects Pods
 * by now serves something else: that is given back and never deleted.
 */
export function deletionPolicyOf({ existing, instance }: RemovalInput): 'Delete' | 'Orphan' {
  const { service, endpoints } = existing;
  const { ours } = slicesByOwner(existing, instance);
  if (hasSelector(service)) return 'Orphan';
  return [service, endpoints, ...ours].some(isNotedOrphan) ? 'Orphan' : 'Delete';
}

/** Takes away what is ours under this name, and nothing else. */
export function planDeletion(input: RemovalInput): ObjectPlan {
  const { namespace, name, existing, instance } = input;
  const { service, endpoints } = existing;
  const { ours } = slicesByOwner(existing, instance);
  const isOurs = (object: KubeObject | undefined): object is KubeObject =>
    object !== undefined && ownerOf(object, instance) === 'us';
  const actions: Action[] = [];
  // The Service goes first: what has no Service takes no traffic, whereas a Service without endpoints refuses
  // it. Its Endpoints go with it (`service/storage/storage.go:341`).
  const goes = [
    ...(isOurs(service) ? [{ kind: 'Service', object: service } as const] : []),
    ...(isOurs(endpoints) && !isOurs(service) ? [{ kind: 'Endpoints', object: endpoints } as const] : []),
    ...ours.map((object) => ({ kind: 'EndpointSlice', object }) as const),
  ];
  for (const { kind, object } of goes) {
    // What is on its way already waits for a finalizer, a load balancer's for instance.
    if (object.metadata.deletionTimestamp === undefined)
      actions.push(deleteAction(kind, object, 'NotInList'));
  }
  return { namespace, name, phase: 'Deleted', reason: 'NotInList', message: '', actions };
}
