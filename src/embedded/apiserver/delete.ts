import { type Call, keyOf, refOf, writeOptionsOf } from './call.ts';
import { type FieldError, notSupported } from './field-error.ts';
import { filterOf } from './filter.ts';
import { timestamp } from './identifiers.ts';
import { isObject, type JsonObject, objectOf, stringOf } from './json.ts';
import type { Kind } from './kind.ts';
import { type ApiObject, type ObjectMeta, orderedMeta } from './object.ts';
import { parseBody } from './parse-body.ts';
import { badRequest, conflict, notFound } from './status.ts';
import type { Store, Stored } from './store.ts';

/** The object was removed, or waits for its finalizers. */
export interface Deleted {
  readonly stored: Stored;
  readonly gone: boolean;
}

interface DeleteOptions {
  readonly dryRun: boolean;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly propagationPolicy: string;
}

const POLICIES = ['Foreground', 'Background', 'Orphan', 'nil'];

/** Finalizers that make the garbage collector delete the dependents first, or orphan them. */
const FINALIZERS: Readonly<Record<string, string>> = { Foreground: 'foregroundDeletion', Orphan: 'orphan' };

function deleteOptionsOf(call: Call): DeleteOptions {
  const body = call.request.body === '' ? {} : parseBody(call.request, { kind: 'DeleteOptions' });
  if (!isObject(body)) throw badRequest('DeleteOptions must be an object');
  const kind = stringOf(body.kind);
  if (kind !== '' && kind !== 'DeleteOptions') {
    throw badRequest(
      `no kind "${kind}" is registered for version "meta.k8s.io/v1" in scheme "pkg/apis/meta/internalversion/scheme/register.go:27"`,
    );
  }
  const preconditions = objectOf(body.preconditions);
  const { query } = call.request;
  const propagationPolicy =
    stringOf(body.propagationPolicy) ||
    (query.get('propagationPolicy') ?? (body.orphanDependents === true ? 'Orphan' : 'Background'));
  const errors: FieldError[] = [];
  if (!POLICIES.includes(propagationPolicy)) {
    errors.push(notSupported('propagationPolicy', propagationPolicy, POLICIES));
  }
  const { dryRun } = writeOptionsOf(call, 'DeleteOptions', errors);
  return {
    dryRun: dryRun || (Array.isArray(body.dryRun) && body.dryRun.includes('All')),
    uid: stringOf(preconditions.uid),
    resourceVersion: stringOf(preconditions.resourceVersion),
    propagationPolicy,
  };
}

export function deleteOne(call: Call): Deleted {
  const options = deleteOptionsOf(call);
  const { kind, path } = call;
  const found = call.engine.store.get(kind.storage, keyOf(call));
  if (found === undefined) throw notFound(refOf(kind), path.name);
  checkPreconditions(kind, found.object.metadata, options);
  return remove(call, found, options);
}

/** DELETE on a collection: every object that the selectors match. The response has the objects before the deletion. */
export function deleteCollection(call: Call): Stored[] {
  const options = deleteOptionsOf(call);
  const filter = filterOf(call);
  const selected = call.engine.store
    .list(call.kind.storage, filter.keyPrefix)
    .filter((stored) => filter.matches(stored));
  for (const stored of selected) remove(call, stored, options);
  return selected;
}

function checkPreconditions(kind: Kind, metadata: ObjectMeta, options: DeleteOptions): void {
  const { uid, resourceVersion } = options;
  // This message contains the kind; all others contain the resource.
  const subject = { group: kind.group, resource: kind.kind };
  if (uid !== '' && uid !== metadata.uid) {
    const why = `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`;
    throw conflict(subject, metadata.name, why);
  }
  if (resourceVersion !== '' && resourceVersion !== metadata.resourceVersion) {
    const why = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion}). The object might have been modified`;
    throw conflict(subject, metadata.name, why);
  }
}

function remove(call: Call, found: Stored, options: DeleteOptions): Deleted {
  const { store } = call.engine;
  const waiting = awaitingFinalizers(call, found.object, options.propagationPolicy);
  if (waiting !== undefined) {
    const known = found.object.metadata.deletionTimestamp !== undefined;
    const stored = known || options.dryRun ? found : store.put(call.kind.storage, waiting);
    return { stored, gone: false };
  }
  if (options.dryRun) return { stored: found, gone: true };
  return { stored: removeStored(store, call.kind, found), gone: true };
}

/** Removes an object, and with a Service also its Endpoints. */
export function removeStored(store: Store, kind: Kind, found: Stored): Stored {
  const stored = store.remove(kind.storage, found);
  if (kind.storage === 'services') {
    // The registry does this itself, also if another program owns them (core/service/storage/storage.go).
    const endpoints = store.get('endpoints', found.key);
    if (endpoints !== undefined) store.remove('endpoints', endpoints);
  }
  return stored;
}

/** The object with a deletionTimestamp, when finalizers must be handled before its removal. */
function awaitingFinalizers(call: Call, object: ApiObject, policy: string): ApiObject | undefined {
  const own = object.metadata.finalizers ?? [];
  const asked = FINALIZERS[policy];
  const finalizers = asked === undefined || own.includes(asked) ? own : [...own, asked];
  const isNamespace = call.kind.storage === 'namespaces';
  if (finalizers.length === 0 && !isNamespace) return undefined;
  const deletionTimestamp = timestamp(call.engine.clock.wallNow());
  const metadata = orderedMeta({
    ...object.metadata,
    deletionTimestamp,
    deletionGracePeriodSeconds: isNamespace ? undefined : 0,
    finalizers: finalizers.length === 0 ? undefined : finalizers,
  });
  const status: JsonObject = isNamespace ? { status: { phase: 'Terminating' } } : {};
  return { ...object, metadata, ...status };
}
