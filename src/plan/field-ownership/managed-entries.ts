import type { KubeObject, ManagedFieldsEntry } from '../../manifest/kube-object.ts';
import { MANAGER } from '../../manifest/labels.ts';
import { isOurApply } from './field-difference.ts';
import { type FieldPath, fieldsOf, pathsOwnedBy, withoutPaths, withPaths } from './field-paths.ts';

/**
 * `managedFields` as if no other manager had ever written the object. Our apply entry gets the fields in `taken` and
 * the fields that `desired` also has. The rest stays in the object, as an update of ours: without any owner, the API
 * server would remove it together with the last owned key of its map.
 */
export function cleanEntries(
  existing: KubeObject,
  desired: KubeObject,
  taken: readonly FieldPath[],
): ManagedFieldsEntry[] {
  const entries = existing.metadata.managedFields ?? [];
  const live = [...fieldsOf(existing).keys()];
  const wanted = fieldsOf(desired);
  const adopted = [...taken, ...live.filter((path) => wanted.has(path))];
  const applied = entryOf(existing, 'Apply', entries.find(isOurApply), adopted);
  const ownedByApply = pathsOwnedBy(applied);
  const rest = live.filter((path) => !ownedByApply.has(path));
  return [
    ...entries.filter(({ subresource }) => subresource !== undefined),
    applied,
    ...(rest.length === 0 ? [] : [entryOf(existing, 'Update', undefined, rest)]),
  ];
}

/** `managedFields` with the fields in `taken` as ours; all other fields keep their owners. */
export function takenEntries(existing: KubeObject, taken: readonly FieldPath[]): ManagedFieldsEntry[] {
  const entries = existing.metadata.managedFields ?? [];
  return [...withoutTaken(entries, taken), entryOf(existing, 'Apply', entries.find(isOurApply), taken)];
}

function withoutTaken(
  entries: readonly ManagedFieldsEntry[],
  taken: readonly FieldPath[],
): ManagedFieldsEntry[] {
  return entries
    .filter((entry) => !isOurApply(entry))
    .map((entry) =>
      entry.subresource === undefined
        ? { ...entry, fieldsV1: withoutPaths(entry.fieldsV1 ?? {}, taken) }
        : entry,
    )
    .filter(({ fieldsV1 }) => Object.keys(fieldsV1 ?? {}).length > 0);
}

function entryOf(
  { apiVersion }: KubeObject,
  operation: 'Apply' | 'Update',
  previous: ManagedFieldsEntry | undefined,
  added: readonly FieldPath[],
): ManagedFieldsEntry {
  return {
    manager: MANAGER,
    operation,
    apiVersion,
    fieldsType: 'FieldsV1',
    ...(previous?.time === undefined ? {} : { time: previous.time }),
    fieldsV1: withPaths(previous?.fieldsV1 ?? {}, added),
  };
}
