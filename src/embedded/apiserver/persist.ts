import { type Call, keyOf, objectFor, refOf, type WriteOptions } from './call.ts';
import { removeStored } from './delete.ts';
import { invalidObject } from './field-error.ts';
import { type JsonObject, objectOf, sameJson, stringOf } from './json.ts';
import type { Kind } from './kind.ts';
import { metadataOfNew, metadataOfReplaced } from './metadata.ts';
import type { ApiObject, ManagedFieldsEntry, ObjectMeta } from './object.ts';
import { alreadyExists, conflict, forbidden, internal, MODIFIED, notFound } from './status.ts';
import type { Stored } from './store.ts';
import { validateMeta, validateMetaUpdate } from './validation/object-meta.ts';

/** The result of a write. A dry run does not store `stored`. */
export interface Written {
  readonly stored: Stored;
  readonly created: boolean;
}

/** Admits, completes, validates and stores a new object. */
export function insert(
  call: Call,
  draft: JsonObject,
  managedFields: ManagedFieldsEntry[] | undefined,
  options: WriteOptions,
): Written {
  const { engine, kind } = call;
  const object = { ...draft, metadata: metadataOfNew(call, draft, managedFields) } as ApiObject;
  admitInto(call, object.metadata);
  kind.prepare(object, undefined);
  const errors = [...validateMeta(object.metadata, kind.nameRule), ...kind.validate(object, undefined)];
  const { name } = object.metadata;
  if (errors.length > 0) throw invalidObject(errorKindOf(kind), name, errors);
  call.warnings.push(...kind.warnings(object, undefined));
  const there = engine.store.get(kind.storage, keyOf(call, name));
  if (there !== undefined) {
    throw alreadyExists(refOf(kind), name, there.object.metadata.deletionTimestamp !== undefined);
  }
  allocate(call, object, undefined, options);
  return { stored: persist(call, object, options), created: true };
}

/** The NamespaceLifecycle admission plugin: new objects need a namespace that is not terminating. */
function admitInto(call: Call, metadata: ObjectMeta): void {
  const namespace = metadata.namespace;
  if (namespace === undefined) return;
  const found = call.engine.store.get('namespaces', namespace);
  if (found === undefined) throw notFound({ group: '', resource: 'namespaces' }, namespace);
  if (found.object.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  throw forbidden(refOf(call.kind), metadata.name, why, [
    {
      reason: 'NamespaceTerminating',
      message: `namespace ${namespace} is being terminated`,
      field: 'metadata.namespace',
    },
  ]);
}

/** Checks, completes, validates and stores an object that replaces an existing one. */
export function replace(
  call: Call,
  existing: Stored,
  next: JsonObject,
  managedFields: ManagedFieldsEntry[] | undefined,
  options: WriteOptions,
): Written {
  const { kind, path } = call;
  const live = objectFor(kind, existing);
  checkPreconditions(call, live, objectOf(next.metadata));
  const object = { ...next, metadata: metadataOfReplaced(live.metadata, next, managedFields) } as ApiObject;
  kind.prepare(object, live);
  const errors = [
    ...validateMetaUpdate(object.metadata, live.metadata, objectOf(next.metadata)),
    ...kind.validate(object, live),
  ];
  if (errors.length > 0) throw invalidObject(errorKindOf(kind), path.name, errors);
  allocate(call, object, live, options);
  call.warnings.push(...kind.warnings(object, live));
  if (isUnchanged(object, live)) return { stored: existing, created: false };
  const released = live.metadata.deletionTimestamp !== undefined && object.metadata.finalizers === undefined;
  if (!released || options.dryRun || kind.storage === 'namespaces') {
    return { stored: persist(call, object, options), created: false };
  }
  // The last finalizer was removed, so the object is deleted. The response has its last state.
  removeStored(call.engine.store, kind, existing);
  return { stored: { ...existing, object, json: JSON.stringify(object) }, created: false };
}

function checkPreconditions(call: Call, live: ApiObject, metadata: JsonObject): void {
  const resourceVersion = stringOf(metadata.resourceVersion);
  if (resourceVersion !== '' && !/^\d+$/.test(resourceVersion)) {
    throw internal(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`);
  }
  if (
    resourceVersion !== '' &&
    resourceVersion !== '0' &&
    resourceVersion !== live.metadata.resourceVersion
  ) {
    throw conflict(refOf(call.kind), call.path.name, MODIFIED);
  }
  const uid = stringOf(metadata.uid);
  if (uid !== '' && uid !== live.metadata.uid && call.request.method === 'PUT') {
    throw preconditionFailed(call, uid, live.metadata.uid);
  }
}

export function preconditionFailed(call: Call, expected: string, found: string): Error {
  const registry = call.kind.storage === 'services' ? 'services/specs' : call.kind.storage;
  const why = `Precondition failed: UID in precondition: ${expected}, UID in object meta: ${found}`;
  const error = `StorageError: invalid object, Code: 4, Key: /registry/${registry}/${keyOf(call)}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`;
  return conflict(refOf(call.kind), call.path.name, error);
}

/** A write that changes nothing except times in managedFields is not stored. */
function isUnchanged(object: ApiObject, live: ApiObject): boolean {
  return sameJson(withoutTimes(object), withoutTimes(live));
}

function withoutTimes(object: ApiObject): JsonObject {
  const managedFields = (object.metadata.managedFields ?? []).map(({ time: _time, ...entry }) => entry);
  return { ...object, metadata: { ...object.metadata, managedFields } };
}
/** Errors of Events contain the kind without a group, because the core Event is validated. */
function errorKindOf(kind: Kind): { group: string; kind: string } {
  return { group: kind.conversion === undefined ? kind.group : '', kind: kind.kind };
}

function allocate(
  call: Call,
  object: ApiObject,
  existing: ApiObject | undefined,
  options: WriteOptions,
): void {
  if (call.kind.storage !== 'services') return;
  const errors = call.engine.addresses.allocate(object, existing, options.dryRun);
  if (errors.length > 0) throw invalidObject(call.kind, object.metadata.name, errors);
}

function persist(call: Call, object: ApiObject, options: WriteOptions): Stored {
  const { engine, kind } = call;
  const ordered = inFieldOrder(kind, object);
  const converted = kind.conversion?.toStored(ordered) ?? ordered;
  if (!options.dryRun) return engine.store.put(kind.storage, converted);
  const { resourceVersion, ...metadata } = converted.metadata;
  const shown = { ...converted, metadata: resourceVersion === '' ? metadata : converted.metadata };
  return { key: '', object: shown as ApiObject, json: JSON.stringify(shown) };
}

/** Restores the field order of the Go type after allocation appended fields. */
function inFieldOrder(kind: Kind, object: ApiObject): ApiObject {
  const spec = kind.schema.fields.spec;
  if (kind.storage !== 'services' || spec?.type !== 'struct') return object;
  const unordered = objectOf(object.spec);
  const ordered: JsonObject = {};
  for (const name in spec.fields) if (unordered[name] !== undefined) ordered[name] = unordered[name];
  return { ...object, spec: ordered };
}
