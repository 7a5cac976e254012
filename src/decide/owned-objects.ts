import { ownerOf } from '../manifest/labels.ts';
import { keyOf, type Target } from '../model/target.ts';
import { type ExistingObjects, slicesByOwner } from '../plan/existing-objects.ts';
import type { RemovalInput } from '../plan/plan-removal.ts';

/** Everything of ours under names that no target declares, in a stable order. */
export function removalsFrom(
  byService: ReadonlyMap<string, ExistingObjects>,
  targets: readonly Target[],
  instance: string,
): RemovalInput[] {
  const declared = new Set(targets.map(keyOf));
  return [...byService]
    .filter(([key, existing]) => !declared.has(key) && isOursInPart(existing, instance))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, existing]) => {
      const [namespace = '', name = ''] = key.split('/');
      return { namespace, name, existing, instance };
    });
}

export function ownedServiceCount(byService: ReadonlyMap<string, ExistingObjects>, instance: string): number {
  return [...byService.values()].filter((existing) => isOursInPart(existing, instance)).length;
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
