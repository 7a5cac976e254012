import { type Call, keyOf, objectFor, refOf, type WriteOptions, writeOptionsOf } from './call.ts';
import { decodeBody, emptyObject } from './decode-body.ts';
import { removeStored } from './delete.ts';
import { invalidObject } from './field-error.ts';
import { generateName, newUid, timestamp } from './identifiers.ts';
import { type JsonObject, objectOf, sameJson, stringOf } from './json.ts';
import { groupVersionOf, type Kind } from './kind.ts';
import { afterUpdate, type Writer } from './managed-fields.ts';
import type { ApiObject, ManagedFieldsEntry, ObjectMeta } from './object.ts';
import { alreadyExists, badRequest, conflict, forbidden, internal, MODIFIED, notFound } from './status.ts';
import type { Stored } from './store.ts';
import { validateMeta, validateMetaUpdate } from './validation/object-meta.ts';

/** What a write came to. `stored` was not stored when the request was a dry run. */
export interface Written {
  readonly stored: Stored;
  readonly created: boolean;
}

/** POST on a collection. */
export function create(call: Call): Written {
  const options = writeOptionsOf(call, 'CreateOptions');
  const draft = decodeBody(call.kind, call.request, options.validation, call.warnings);
  const metadata = objectOf(draft.metadata);
  const { resourceVersion, namespace } = metadata;
  for (const field of ['deletionTimestamp', 'deletionGracePeriodSeconds']) delete metadata[field];
  checkNamespace(call, namespace);
  if (stringOf(resourceVersion) !== '')
    throw internal('resourceVersion should not be set on objects to be created');
  return insert(call, draft, trackedCreate(call, draft, options), options);
}

function trackedCreate(
  call: Call,
  draft: JsonObject,
  options: WriteOptions,
): ManagedFieldsEntry[] | undefined {
  const { schema, unowned } = call.kind;
  return afterUpdate(schema, unowned, emptyObject(call.kind), draft, undefined, writerOf(call, options));
}

export function writerOf(call: Call, options: WriteOptions): Writer {
  return {
    manager: options.fieldManager,
    apiVersion: groupVersionOf(call.kind),
    now: timestamp(call.engine.clock.wallNow()),
  };
}

export function checkNamespace(call: Call, namespace: unknown): void {
  if (!call.kind.namespaced || namespace === undefined || namespace === call.path.namespace) return;
  throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
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

function metadataOfNew(
  call: Call,
  draft: JsonObject,
  managedFields: ManagedFieldsEntry[] | undefined,
): ObjectMeta {
  const { engine, kind, path } = call;
  const given = objectOf(draft.metadata) as Partial<ObjectMeta>;
  const base = given.generateName ?? '';
  const name = given.name ?? (base === '' ? '' : generateName(base, engine.random));
  return {
    name,
    ...(base === '' ? {} : { generateName: base }),
    ...(kind.namespaced ? { namespace: path.namespace } : {}),
    uid: newUid(engine.random),
    resourceVersion: '',
    ...(given.generation === undefined ? {} : { generation: given.generation }),
    creationTimestamp: timestamp(engine.clock.wallNow()),
    ...(given.labels === undefined ? {} : { labels: given.labels }),
    ...(given.annotations === undefined ? {} : { annotations: given.annotations }),
    ...(given.ownerReferences === undefined ? {} : { ownerReferences: given.ownerReferences }),
    ...(given.finalizers === undefined ? {} : { finalizers: given.finalizers }),
    ...(managedFields === undefined ? {} : { managedFields }),
  };
}

/** The NamespaceLifecycle admission plugin: new objects need a namespace that stays. */
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

/** Events' errors name the kind without its group: it is the core Event that is validated. */
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

/** Allocation adds fields at the end; Go writes them where the type has them. */
function inFieldOrder(kind: Kind, object: ApiObject): ApiObject {
  const spec = kind.schema.fields.spec;
  if (kind.storage !== 'services' || spec?.type !== 'struct') return object;
  const unordered = objectOf(object.spec);
  const ordered: JsonObject = {};
  for (const name in spec.fields) if (unordered[name] !== undefined) ordered[name] = unordered[name];
  return { ...object, spec: ordered };
}

/** PUT on a name. */
export function update(call: Call): Written {
  const { engine, kind, path } = call;
  const options = writeOptionsOf(call, 'UpdateOptions');
  const next = decodeBody(kind, call.request, options.validation, call.warnings);
  const metadata = objectOf(next.metadata);
  checkName(path.name, metadata);
  checkNamespace(call, metadata.namespace);
  const existing = engine.store.get(kind.storage, keyOf(call));
  if (existing === undefined) {
    if (!kind.createsOnUpdate) throw notFound(refOf(kind), path.name);
    if (stringOf(metadata.uid) !== '') throw preconditionFailed(call, stringOf(metadata.uid), '');
    return insert(call, next, trackedCreate(call, next, options), options);
  }
  const live = objectFor(kind, existing);
  const entries = managedFieldsSent(metadata) ?? live.metadata.managedFields;
  const managedFields = afterUpdate(kind.schema, kind.unowned, live, next, entries, writerOf(call, options));
  return replace(call, existing, next, managedFields, options);
}

/** A client may send `managedFields` back; one empty entry asks to forget them all. */
export function managedFieldsSent(metadata: JsonObject): ManagedFieldsEntry[] | undefined {
  const sent = metadata.managedFields as ManagedFieldsEntry[] | undefined;
  if (sent?.length === 1 && Object.keys(sent[0] ?? {}).length === 0) return [];
  return sent?.some((entry) => entry.fieldsV1 !== undefined) ? sent : undefined;
}

export function checkName(expected: string, metadata: JsonObject): void {
  const name = stringOf(metadata.name);
  if (name === expected) return;
  if (name === '') {
    throw badRequest(
      `the name of the object (${expected} based on URL) was undeterminable: name must be provided`,
    );
  }
  throw badRequest(`the name of the object (${name}) does not match the name on the URL (${expected})`);
}

function preconditionFailed(call: Call, expected: string, found: string): Error {
  const registry = call.kind.storage === 'services' ? 'services/specs' : call.kind.storage;
  const why = `Precondition failed: UID in precondition: ${expected}, UID in object meta: ${found}`;
  const error = `StorageError: invalid object, Code: 4, Key: /registry/${registry}/${keyOf(call)}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`;
  return conflict(refOf(call.kind), call.path.name, error);
}

/** Checks, completes, validates and stores an object in place of one that exists. */
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
  // The last finalizer is gone, and with it the object. What is answered is how it looked last.
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

/** What only the server sets stays as it was, whatever the client sent. */
function metadataOfReplaced(
  live: ObjectMeta,
  next: JsonObject,
  managedFields: ManagedFieldsEntry[] | undefined,
): ObjectMeta {
  const given = objectOf(next.metadata) as Partial<ObjectMeta>;
  return {
    name: live.name,
    ...(live.generateName === undefined ? {} : { generateName: live.generateName }),
    ...(live.namespace === undefined ? {} : { namespace: live.namespace }),
    uid: given.uid ?? live.uid,
    resourceVersion: live.resourceVersion,
    ...(live.generation === undefined ? {} : { generation: live.generation }),
    creationTimestamp: live.creationTimestamp,
    ...(live.deletionTimestamp === undefined ? {} : { deletionTimestamp: live.deletionTimestamp }),
    ...(live.deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds: 0 }),
    ...(given.labels === undefined ? {} : { labels: given.labels }),
    ...(given.annotations === undefined ? {} : { annotations: given.annotations }),
    ...(given.ownerReferences === undefined ? {} : { ownerReferences: given.ownerReferences }),
    ...(given.finalizers === undefined ? {} : { finalizers: given.finalizers }),
    ...(managedFields === undefined ? {} : { managedFields }),
  };
}

/** A write that changes nothing, or only since when somebody owns a field, is none. */
function isUnchanged(object: ApiObject, live: ApiObject): boolean {
  return sameJson(withoutTimes(object), withoutTimes(live));
}

function withoutTimes(object: ApiObject): JsonObject {
  const managedFields = (object.metadata.managedFields ?? []).map(({ time: _time, ...entry }) => entry);
  return { ...object, metadata: { ...object.metadata, managedFields } };
}
