import type { JsonObject } from '../json.ts';
import type { ManagedFieldsEntry } from '../object.ts';
import { type FieldSet, isEmptySet, sortedSet } from './field-set.ts';

/** The managers of an object, with their fields and times. */
export interface Owner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** The manager of a write, its API version, and the time (RFC 3339, whole seconds). */
export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  readonly now: string;
}

/** Fields without an owner: the identity of an object, and fields that only the server sets. */
const META_FIELDS = [
  'name',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
];

export function ownable(set: FieldSet, ignored: readonly string[]): FieldSet {
  const { 'f:kind': _kind, 'f:apiVersion': _apiVersion, 'f:metadata': metadata, ...rest } = set;
  for (const field of ignored) delete rest[`f:${field}`];
  if (metadata === undefined) return rest;
  const ownMeta: FieldSet = { ...metadata };
  for (const field of META_FIELDS) delete ownMeta[`f:${field}`];
  return isEmptySet(ownMeta) ? rest : { ...rest, 'f:metadata': ownMeta };
}

export function readOwners(entries: readonly ManagedFieldsEntry[] | undefined): Owner[] {
  return (entries ?? []).map((entry) => ({
    manager: entry.manager ?? '',
    operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
    apiVersion: entry.apiVersion ?? '',
    time: entry.time,
    fields: (entry.fieldsV1 ?? {}) as FieldSet,
  }));
}

/** In the order of `sortEncodedManagedFields`: Apply before Update, then oldest first, then by name. */
export function writeOwners(owners: readonly Owner[]): ManagedFieldsEntry[] | undefined {
  const kept = owners.filter((owner) => !isEmptySet(owner.fields));
  if (kept.length === 0) return undefined;
  const sortKey = (owner: Owner) =>
    [owner.operation, owner.time ?? '', owner.manager, owner.apiVersion].join('\n');
  return kept
    .sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1))
    .map((owner) => ({
      manager: owner.manager,
      operation: owner.operation,
      apiVersion: owner.apiVersion,
      ...(owner.time === undefined ? {} : { time: owner.time }),
      fieldsType: 'FieldsV1',
      fieldsV1: sortedSet(owner.fields) as JsonObject,
    }));
}

export function isWriter(owner: Owner, writer: Writer, operation: 'Apply' | 'Update'): boolean {
  return (
    owner.manager === writer.manager &&
    owner.operation === operation &&
    owner.apiVersion === writer.apiVersion
  );
}
