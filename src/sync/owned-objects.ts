import { ownerOf } from '../manifest/labels.ts';
import { type ExistingObjects, slicesByOwner } from '../plan/existing-objects.ts';
import type { RemovalInput } from '../plan/plan-removal.ts';
import { keyOf, type Target } from '../target/target.ts';
import type { ClusterView } from './cluster/read-cluster.ts';

/** Everything of ours under names that no target declares, in a stable order. */
export function removalsFrom(
  view: ClusterView,
  targets: readonly Target[],
  instance: string,
): RemovalInput[] {
  const declared = new Set(targets.map(keyOf));
  return [...view.byService]
    .filter(([key, existing]) => !declared.has(key) && isOursInPart(existing, instance))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, existing]) => {
      const [namespace = '', name = ''] = key.split('/');
      return { namespace, name, existing, instance };
    });
}

export function ownedServiceCount(view: ClusterView, instance: string): number {
  return [...view.byService.values()].filter((existing) => isOursInPart(existing, instance)).length;
}

/** Whether any of the objects bears our marks. */
export function isOursInPart(existing: ExistingObjects, instance: string): boolean {
  const { service, endpoints } = existing;
  return (
    (service !== undefined && ownerOf(service, instance) === 'us') ||
    (endpoints !== undefined && ownerOf(endpoints, instance) === 'us') ||
    slicesByOwner(existing, instance).ours.length > 0
  );
}
