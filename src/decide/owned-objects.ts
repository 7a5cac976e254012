import { ownerOf } from '../manifest/labels.ts';
import { type ExistingObjects, slicesByOwner } from '../plan/existing-objects.ts';

/** Whether any of the objects bears our marks. */
export function isOursInPart(existing: ExistingObjects, instance: string): boolean {
  const { service, endpoints } = existing;
  return (
    (service !== undefined && ownerOf(service, instance) === 'us') ||
    (endpoints !== undefined && ownerOf(endpoints, instance) === 'us') ||
    slicesByOwner(existing, instance).ours.length > 0
  );
}
