import type { KubeObject, ManagedFieldsEntry } from '../manifest/kube-object.ts';
import { MANAGER } from '../manifest/labels.ts';
import { isOurApply } from './field-difference.ts';
import { type FieldPath, fieldsOf, pathsOwnedBy, withoutPaths, withPaths } from './field-paths.ts';

/** `managedFields` as they shall be before an apply: who owns what, moved as client-go moves it (`csaupgrade`). */

/**
 * Ownership as if nobody but us had ever written: what shall go and what both have becomes part of what we apply.
 * The rest, which stays as it is, is put down as an update of ours. With no owner at all it would be lost: when the
 * last key of a map that anybody owns goes, apply takes the whole map along.
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
  const before = pathsOwnedBy(applied);
  const kept = live.filter((path) => !before.has(path));
  return [
    ...entries.filter(({ subresource }) => subresource !== undefined),
    applied,
    ...(kept.length === 0 ? [] : [entryOf(existing, 'Update', undefined, kept)]),
  ];
}

/** Only these fields change hands. */
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
  adopted: readonly FieldPath[],
): ManagedFieldsEntry {
  return {
    manager: MANAGER,
    operation,
    apiVersion,
    fieldsType: 'FieldsV1',
    ...(previous?.time === undefined ? {} : { time: previous.time }),
    fieldsV1: withPaths(previous?.fieldsV1 ?? {}, adopted),
  };
}
