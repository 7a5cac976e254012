import {
  applyOptionsOf,
  type Call,
  keyOf,
  objectFor,
  refOf,
  refuseMediaType,
  writeOptionsOf,
} from './call.ts';
import { checkSize, decodeObject, emptyObject, fitted, mediaTypeOf, parseYaml } from './decode-body.ts';
import { forbiddenField } from './field-error.ts';
import { isObject, type JsonObject, type JsonValue, objectOf, stringOf } from './json.ts';
import { jsonPatched } from './json-patch.ts';
import { groupVersionOf } from './kind.ts';
import { afterUpdate, applied } from './managed-fields.ts';
import { mergePatched } from './merge-patch.ts';
import { badRequest, conflict, internal, notFound } from './status.ts';
import type { Stored } from './store.ts';
import { strategicallyPatched } from './strategic-merge-patch.ts';
import { TypedError } from './typed-value.ts';
import { checkName, insert, managedFieldsSent, replace, type Written, writerOf } from './write.ts';

/** PATCH on a name. */
export function patch(call: Call): Written {
  checkSize(call.request);
  switch (mediaTypeOf(call.request)) {
    case 'application/apply-patch+yaml':
      return apply(call);
    case 'application/merge-patch+json':
      return patchWith(call, (live, body) => mergePatched(live, body) as JsonObject);
    case 'application/json-patch+json':
      return patchWith(call, (live, body) => jsonPatched(live, body));
    case 'application/strategic-merge-patch+json':
      return patchWith(call, (live, body) => strategicallyPatched(call.kind.schema, live, body));
    default:
      return refuseMediaType();
  }
}

function patchWith(call: Call, change: (live: JsonObject, body: JsonValue) => JsonObject): Written {
  const { engine, kind } = call;
  const forced = call.request.query.get('force') === null;
  const misuse = forced ? [] : [forbiddenField('force', 'may not be specified for non-apply patch')];
  const options = writeOptionsOf(call, 'PatchOptions', misuse);
  const existing = engine.store.get(kind.storage, keyOf(call));
  if (existing === undefined) throw notFound(refOf(kind), call.path.name);
  const live = objectFor(kind, existing);
  const next = decodeObject(
    kind,
    change(live, parsePatch(call.request.body)),
    options.validation,
    call.warnings,
  );
  const metadata = objectOf(next.metadata);
  checkName(call.path.name, metadata);
  const entries = managedFieldsSent(metadata) ?? live.metadata.managedFields;
  const managedFields = afterUpdate(kind.schema, kind.unowned, live, next, entries, writerOf(call, options));
  return replace(call, existing, next, managedFields, options);
}

function parsePatch(body: string): JsonValue {
  try {
    return JSON.parse(body) as JsonValue;
  } catch (error) {
    throw badRequest(error instanceof Error ? error.message : String(error));
  }
}

/** Server-side apply: creates what is not there. */
function apply(call: Call): Written {
  const { engine, kind, path } = call;
  const options = applyOptionsOf(call);
  const config = parseYaml(call.request.body);
  checkConfig(call, config);
  const existing = engine.store.get(kind.storage, keyOf(call));
  const uid = stringOf(objectOf(config.metadata).uid);
  if (existing === undefined && uid !== '') {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`;
    throw conflict(refOf(kind), path.name, why);
  }
  const live = existing === undefined ? emptyObject(kind) : objectFor(kind, existing);
  const result = mergeConfig(call, live, config, existing, options);
  const next = fitted(kind, result.object);
  return existing === undefined
    ? insert(call, next, result.managedFields, options)
    : replace(call, existing, next, result.managedFields, options);
}

function mergeConfig(
  call: Call,
  live: JsonObject,
  config: JsonObject,
  existing: Stored | undefined,
  options: ReturnType<typeof applyOptionsOf>,
) {
  const { schema, unowned } = call.kind;
  const entries = existing?.object.metadata.managedFields;
  try {
    return applied(schema, unowned, live, config, entries, writerOf(call, options), options.force);
  } catch (error) {
    if (!(error instanceof TypedError)) throw error;
    // apiserver does not make a Status of this one, so it comes out as a bare 500.
    const name = `${stringOf(objectOf(config.metadata).namespace)}/${call.path.name}`;
    const gvk = `${call.kind.group}/${call.kind.version}, Kind=${call.kind.kind}`;
    throw internal(`failed to create typed patch object (${name}; ${gvk}): ${error.message}`);
  }
}

function checkConfig(call: Call, config: JsonValue): asserts config is JsonObject {
  const { kind, path } = call;
  const apiVersion = isObject(config) ? stringOf(config.apiVersion) : '';
  const name = isObject(config) ? stringOf(config.kind) : '';
  if (!isObject(config) || apiVersion !== groupVersionOf(kind) || name !== kind.kind) {
    const groupVersion = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
    throw badRequest(`invalid object type: ${groupVersion}, Kind=${name}`);
  }
  const metadata = objectOf(config.metadata);
  if (metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  checkName(path.name, metadata);
  const namespace = stringOf(metadata.namespace);
  if (namespace !== '' && namespace !== path.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}
