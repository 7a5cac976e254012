import { type JsonObject, objectOf } from '../json.ts';
import type { Kind } from '../kind.ts';
import type { ManagedFieldsEntry } from '../object.ts';
import { compare } from './comparison.ts';
import { difference, type FieldSet, isEmptySet, union } from './field-set.ts';
import { isWriter, type Owner, ownable, readOwners, type Writer, writeOwners } from './owners.ts';

/** How many entries of operation Update one object keeps (`fieldmanager.go`, maxUpdateManagers). */
const MAX_UPDATE_OWNERS = 10;

/**
 * `managedFields` after a create, PUT or patch other than apply. The writer owns the fields that it changed; other
 * managers lose them. Removed fields have no owner.
 */
export function afterUpdate(
  kind: Kind,
  live: JsonObject,
  next: JsonObject,
  entries: readonly ManagedFieldsEntry[] | undefined,
  writer: Writer,
): ManagedFieldsEntry[] | undefined {
  // An object without managedFields gets none until the first apply.
  const isNew = live.metadata === undefined || objectOf(live.metadata).uid === undefined;
  if (!isNew && (entries ?? []).length === 0) return undefined;
  const changed = compare(kind.schema, live, next);
  const set = ownable(changed.set, kind.unowned);
  const gone = union(changed.set, changed.removed);
  const owners = readOwners(entries).map((owner) => ({ ...owner, fields: difference(owner.fields, gone) }));
  if (isEmptySet(set)) return writeOwners(owners);
  const mine = owners.find((owner) => isWriter(owner, writer, 'Update'));
  const others = owners.filter((owner) => owner !== mine);
  const fields = union(mine?.fields ?? {}, set);
  return writeOwners(
    capped([...others, { ...writer, operation: 'Update', time: writer.now, fields }], writer),
  );
}

/** Above the limit the oldest Update managers are merged into `ancient-changes`. */
function capped(owners: readonly Owner[], writer: Writer): Owner[] {
  const updates = owners
    .filter((owner) => owner.operation === 'Update' && !isEmptySet(owner.fields))
    .sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? -1 : 1));
  const excess = updates.slice(0, Math.max(0, updates.length - MAX_UPDATE_OWNERS + 1));
  if (updates.length <= MAX_UPDATE_OWNERS) return [...owners];
  const ancient: Owner = {
    manager: 'ancient-changes',
    operation: 'Update',
    apiVersion: writer.apiVersion,
    time: excess.at(-1)?.time,
    fields: excess.reduce<FieldSet>((all, owner) => union(all, owner.fields), {}),
  };
  return [...owners.filter((owner) => !excess.includes(owner)), ancient];
}
