import {
  difference,
  type FieldSet,
  intersection,
  isEmptySet,
  pathsOf,
  sameSet,
  sortedSet,
  union,
} from './field-set.ts';
import { type JsonObject, objectOf, sameJson } from './json.ts';
import { mergeTyped, prune } from './merge-typed.ts';
import { normalize } from './normalize.ts';
import type { ManagedFieldsEntry } from './object.ts';
import type { StructSchema } from './schema.ts';
import { applyConflict, type StatusCause } from './status.ts';
import { compare, fieldSetOf } from './typed-value.ts';

/** Who owns which fields, and since when. */
interface Owner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly apiVersion: string;
  readonly time: string | undefined;
  readonly fields: FieldSet;
}

/** Who writes, in which version of the API, and when (RFC 3339, whole seconds). */
export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  readonly now: string;
}

/** Fields nobody owns: the identity of an object, and what the server alone sets. */
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

/** How many entries of operation Update one object keeps (`fieldmanager.go`, maxUpdateManagers). */
const MAX_UPDATE_OWNERS = 10;

function ownable(set: FieldSet, ignored: readonly string[]): FieldSet {
  const { 'f:kind': _kind, 'f:apiVersion': _apiVersion, 'f:metadata': metadata, ...rest } = set;
  for (const field of ignored) delete rest[`f:${field}`];
  if (metadata === undefined) return rest;
  const ownMeta: FieldSet = { ...metadata };
  for (const field of META_FIELDS) delete ownMeta[`f:${field}`];
  return isEmptySet(ownMeta) ? rest : { ...rest, 'f:metadata': ownMeta };
}

function readOwners(entries: readonly ManagedFieldsEntry[] | undefined): Owner[] {
  return (entries ?? []).map((entry) => ({
    manager: entry.manager ?? '',
    operation: entry.operation === 'Apply' ? 'Apply' : 'Update',
    apiVersion: entry.apiVersion ?? '',
    time: entry.time,
    fields: (entry.fieldsV1 ?? {}) as FieldSet,
  }));
}

/** In the order of `sortEncodedManagedFields`: Apply before Update, then oldest first, then by name. */
function writeOwners(owners: readonly Owner[]): ManagedFieldsEntry[] | undefined {
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

function isWriter(owner: Owner, writer: Writer, operation: 'Apply' | 'Update'): boolean {
  return (
    owner.manager === writer.manager &&
    owner.operation === operation &&
    owner.apiVersion === writer.apiVersion
  );
}

/**
 * What `managedFields` becomes after a create, PUT or any patch but apply: the writer owns what it changed,
 * nobody owns that any more, and nobody owns what is gone.
 */
export function afterUpdate(
  schema: StructSchema,
  ignored: readonly string[],
  live: JsonObject,
  next: JsonObject,
  entries: readonly ManagedFieldsEntry[] | undefined,
  writer: Writer,
): ManagedFieldsEntry[] | undefined {
  // An object that nobody tracked from its creation on is not tracked until somebody applies.
  const isNew = live.metadata === undefined || objectOf(live.metadata).uid === undefined;
  if (!isNew && (entries ?? []).length === 0) return undefined;
  const changed = compare(schema, live, next);
  const set = ownable(changed.set, ignored);
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

/** Above the limit the oldest writers by Update become one, called `ancient-changes`. */
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

export interface Applied {
  readonly object: JsonObject;
  readonly managedFields: ManagedFieldsEntry[] | undefined;
}

/**
 * Server-side apply, as structured-merge-diff's `merge.Updater.Apply` does it: the configuration over the
 * live object, what this manager no longer sets taken out, and a conflict for every field that changes
 * and that somebody else owns, unless `force` takes it from them.
 *
 * @throws TypedError when the configuration does not fit the schema; Refusal on a conflict.
 */
export function applied(
  schema: StructSchema,
  ignored: readonly string[],
  live: JsonObject,
  config: JsonObject,
  entries: readonly ManagedFieldsEntry[] | undefined,
  writer: Writer,
  force: boolean,
): Applied {
  const set = ownable(fieldSetOf(schema, config), ignored);
  const owners =
    (entries ?? []).length > 0 ? readOwners(entries) : untrackedOwners(schema, ignored, live, writer);
  const mine = owners.find((owner) => isWriter(owner, writer, 'Apply'));
  const others = owners.filter((owner) => owner !== mine);
  const merged = mergeTyped(schema, live, config);
  const owned = others.reduce((all, owner) => union(all, owner.fields), set);
  const object = (mine === undefined ? merged : prune(schema, merged, mine.fields, owned)) as JsonObject;

  const changed = compare(schema, live, object);
  const changes = ownable(changed.set, ignored);
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

/** Whatever an untracked object holds was there before (fieldmanager/skipnonapplied.go). */
function untrackedOwners(
  schema: StructSchema,
  ignored: readonly string[],
  live: JsonObject,
  writer: Writer,
): Owner[] {
  if (objectOf(live.metadata).uid === undefined) return [];
  const { kind, apiVersion } = live;
  const fields = ownable(compare(schema, normalize(schema, { kind, apiVersion }), live).set, ignored);
  return [{ ...writer, manager: 'before-first-apply', operation: 'Update', time: writer.now, fields }];
}

interface Conflict {
  readonly owner: Owner;
  readonly fields: FieldSet;
}

/** The words of `internal/conflict.go`: one conflict on one line, more of them listed by manager. */
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
