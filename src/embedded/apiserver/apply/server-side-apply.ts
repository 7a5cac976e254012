import { type JsonObject, objectOf, sameJson } from '../json.ts';
import type { Kind } from '../kind.ts';
import type { ManagedFieldsEntry } from '../object.ts';
import { normalize } from '../schema/normalize.ts';
import { applyConflict, type StatusCause } from '../status.ts';
import { compare } from './comparison.ts';
import { fieldSetOf } from './configured-fields.ts';
import { difference, type FieldSet, intersection, isEmptySet, pathsOf, sameSet, union } from './field-set.ts';
import { mergeTyped } from './merge-typed.ts';
import { isWriter, type Owner, ownable, readOwners, type Writer, writeOwners } from './owners.ts';
import { prune } from './prune.ts';

export interface Applied {
  readonly object: JsonObject;
  readonly managedFields: ManagedFieldsEntry[] | undefined;
}

/**
 * Server-side apply as in structured-merge-diff's `merge.Updater.Apply`. Merges the configuration into the live
 * object and removes the fields that this manager no longer sets. A changed field of another manager is a conflict;
 * `force` takes its ownership instead.
 *
 * @throws TypedError when the configuration does not fit the schema; Refusal on a conflict.
 */
export function applied(
  kind: Kind,
  live: JsonObject,
  config: JsonObject,
  entries: readonly ManagedFieldsEntry[] | undefined,
  writer: Writer,
  force: boolean,
): Applied {
  const { schema, unowned } = kind;
  const set = ownable(fieldSetOf(schema, config), unowned);
  const owners = (entries ?? []).length > 0 ? readOwners(entries) : untrackedOwners(kind, live, writer);
  const mine = owners.find((owner) => isWriter(owner, writer, 'Apply'));
  const others = owners.filter((owner) => owner !== mine);
  const merged = mergeTyped(schema, live, config);
  const owned = others.reduce((all, owner) => union(all, owner.fields), set);
  const object = (mine === undefined ? merged : prune(schema, merged, mine.fields, owned)) as JsonObject;

  const changed = compare(schema, live, object);
  const changes = ownable(changed.set, unowned);
  const removed = changed.removed;
  const conflicts = others
    .map((owner) => ({ owner, fields: intersection(owner.fields, changes) }))
    .filter(({ fields }) => !isEmptySet(fields));
  if (conflicts.length > 0 && !force) throw conflictOf(conflicts);

  const unchanged = sameJson(live, object);
  const lost = union(changes, removed);
  const remaining = unchanged
    ? others
    : others.map((owner) => ({ ...owner, fields: difference(owner.fields, lost) }));
  const time = unchanged ? mine?.time : writer.now;
  if (unchanged && mine !== undefined && sameSet(mine.fields, set)) {
    return { object: live, managedFields: entries as ManagedFieldsEntry[] | undefined };
  }
  return {
    object,
    managedFields: writeOwners([...remaining, { ...writer, operation: 'Apply', time, fields: set }]),
  };
}

/** The existing fields of an object without managedFields (fieldmanager/skipnonapplied.go). */
function untrackedOwners({ schema, unowned }: Kind, live: JsonObject, writer: Writer): Owner[] {
  if (objectOf(live.metadata).uid === undefined) return [];
  const empty = normalize(schema, { kind: live.kind, apiVersion: live.apiVersion });
  const fields = ownable(compare(schema, empty, live).set, unowned);
  return [{ ...writer, manager: 'before-first-apply', operation: 'Update', time: writer.now, fields }];
}

interface Conflict {
  readonly owner: Owner;
  readonly fields: FieldSet;
}

/** Worded as in `internal/conflict.go`: one conflict on one line, several listed by manager. */
function conflictOf(conflicts: readonly Conflict[]): Error {
  const byManager = new Map<string, string[]>();
  for (const { owner, fields } of conflicts) {
    const name = JSON.stringify(owner.manager);
    const shown = owner.operation === 'Apply' ? name : `${name} using ${owner.apiVersion}`;
    byManager.set(shown, [...(byManager.get(shown) ?? []), ...pathsOf(fields)]);
  }
  const managers = [...byManager.keys()].sort();
  const causes: StatusCause[] = managers.flatMap((manager) =>
    (byManager.get(manager) ?? []).map((field) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${manager}`,
      field,
    })),
  );
  const [only] = causes;
  if (causes.length === 1 && only !== undefined) {
    return applyConflict(`Apply failed with 1 conflict: ${only.message}: ${only.field}`, causes);
  }
  const list = managers.map((manager) =>
    [`conflicts with ${manager}:`, ...(byManager.get(manager) ?? []).map((path) => `- ${path}`)].join('\n'),
  );
  return applyConflict(`Apply failed with ${causes.length} conflicts: ${list.join('\n')}`, causes);
}
