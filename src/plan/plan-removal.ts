import type { KubeObject } from '../manifest/kube-object.ts';
import { hasOrphanPolicy, ownerOf } from '../manifest/labels.ts';
import { hasSelector } from '../manifest/service.ts';
import { deleteAction } from './actions/apply-action.ts';
import { type ExistingObjects, slicesByOwner } from './existing-objects.ts';
import type { Action, ObjectPlan } from './object-plan.ts';

/** The objects of a target that left the list. */
export interface RemovalInput {
  readonly namespace: string;
  readonly name: string;
  readonly existing: ExistingObjects;
  readonly instance: string;
  /** Somebody asked for its release; with a selector, to the Pods with these labels. */
  readonly release?: { readonly selector?: Readonly<Record<string, string>> };
}

/**
 * The policy of the target. An annotation on its objects says it, because the target is no longer in the list. A Service
 * that has a selector now serves Pods: it is released and never deleted.
 */
export function deletionPolicyOf({ existing, instance }: RemovalInput): 'Delete' | 'Orphan' {
  const { service, endpoints } = existing;
  const { ours } = slicesByOwner(existing, instance);
  if (hasSelector(service)) return 'Orphan';
  return [service, endpoints, ...ours].some(hasOrphanPolicy) ? 'Orphan' : 'Delete';
}

/** Deletes the objects that are ours, and no others. */
export function planDeletion(input: RemovalInput): ObjectPlan {
  const { namespace, name, existing, instance } = input;
  const { service, endpoints } = existing;
  const { ours } = slicesByOwner(existing, instance);
  const isOurs = (object: KubeObject | undefined): object is KubeObject =>
    object !== undefined && ownerOf(object, instance) === 'us';
  const actions: Action[] = [];
  // The Service first: without a Service there is no traffic, but a Service without endpoints rejects traffic. The API
  // server deletes its Endpoints with it (`service/storage/storage.go:341`).
  const toDelete = [
    ...(isOurs(service) ? [{ kind: 'Service', object: service } as const] : []),
    ...(isOurs(endpoints) && !isOurs(service) ? [{ kind: 'Endpoints', object: endpoints } as const] : []),
    ...ours.map((object) => ({ kind: 'EndpointSlice', object }) as const),
  ];
  for (const { kind, object } of toDelete) {
    // An object that is being deleted waits for a finalizer, for example that of a load balancer.
    if (object.metadata.deletionTimestamp === undefined)
      actions.push(deleteAction(kind, object, 'NotInList'));
  }
  return { namespace, name, phase: 'Deleted', reason: 'NotInList', message: '', actions };
}
