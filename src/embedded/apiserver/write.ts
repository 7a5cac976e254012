import { afterUpdate } from './apply/managed-fields.ts';
import type { Writer } from './apply/owners.ts';
import { type Call, keyOf, objectFor, refOf, type WriteOptions, writeOptionsOf } from './call.ts';
import { decodeBody, emptyObject } from './decode-object.ts';
import { timestamp } from './identifiers.ts';
import { type JsonObject, objectOf, stringOf } from './json.ts';
import { groupVersionOf } from './kind.ts';
import type { ManagedFieldsEntry } from './object.ts';
import { insert, preconditionFailed, replace, type Written } from './persist.ts';
import { badRequest, internal, notFound } from './status.ts';

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
  return afterUpdate(call.kind, emptyObject(call.kind), draft, undefined, writerOf(call, options));
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
  const managedFields = afterUpdate(kind, live, next, entries, writerOf(call, options));
  return replace(call, existing, next, managedFields, options);
}

/** A client may send `managedFields` back. One empty entry resets them. */
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
