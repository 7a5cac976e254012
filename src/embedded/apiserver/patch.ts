import {
  type ApplyOptions,
  applyOptionsOf,
  type Call,
  keyOf,
  objectFor,
  refOf,
  type WriteOptions,
  writeOptionsOf,
} from './call.ts';
import {
  checkSize,
  decodeObject,
  emptyObject,
  fitted,
  goKindOf,
  mediaTypeOf,
  parseYaml,
  Undecodable,
} from './decode-body.ts';
import { forbiddenField, invalid, invalidObject } from './field-error.ts';
import { isObject, type JsonObject, type JsonValue, objectOf, stringOf } from './json.ts';
import { jsonPatched } from './json-patch.ts';
import { groupVersionOf } from './kind.ts';
import { type Applied, afterUpdate, applied } from './managed-fields.ts';
import { mergePatched } from './merge-patch.ts';
import type { ApiRequest } from './request.ts';
import { badRequest, conflict, internal, notFound, unsupportedMediaType } from './status.ts';
import type { Stored } from './store.ts';
import { strategicallyPatched } from './strategic-merge-patch.ts';
import { TypedError } from './typed-value.ts';
import {
  checkName,
  checkNamespace,
  insert,
  managedFieldsSent,
  replace,
  type Written,
  writerOf,
} from './write.ts';

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
      throw unsupportedMediaType();
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
  const changed = change(live, parsePatch(call.request));
  const next = decodePatched(call, changed, options);
  const metadata = objectOf(next.metadata);
  checkName(call.path.name, metadata);
  checkNamespace(call, metadata.namespace);
  const entries = managedFieldsSent(metadata) ?? live.metadata.managedFields;
  const managedFields = afterUpdate(kind.schema, kind.unowned, live, next, entries, writerOf(call, options));
  return replace(call, existing, next, managedFields, options);
}

/** A patched object that is no object of the kind is the patch's fault. */
function decodePatched(call: Call, changed: JsonObject, options: WriteOptions): JsonObject {
  try {
    return decodeObject(call.kind, changed, options.validation, call.warnings);
  } catch (error) {
    if (!(error instanceof Undecodable)) throw error;
    const shown = JSON.stringify(changed);
    throw invalidObject({ group: '', kind: '' }, '', [invalid('patch', shown, error.message)]);
  }
}

function parsePatch(request: ApiRequest): JsonValue {
  const wanted = mediaTypeOf(request) === 'application/json-patch+json' ? '[]handlers.jsonPatchOp' : MAP_TYPE;
  const value = parsedJson(request.body);
  if (value === undefined) throw badRequest('error decoding patch: unexpected end of JSON input');
  if (Array.isArray(value) === (wanted !== MAP_TYPE) && (isObject(value) || Array.isArray(value)))
    return value;
  throw badRequest(
    `error decoding patch: json: cannot unmarshal ${goKindOf(value)} into Go value of type ${wanted}`,
  );
}

const MAP_TYPE = 'map[string]interface {}';

function parsedJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
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
  if (existing === undefined) checkName(path.name, objectOf(config.metadata));
  const live = existing === undefined ? emptyObject(kind) : objectFor(kind, existing);
  const result = mergeConfig(call, live, config, existing, options);
  const next = convertApplied(call, config, result.object);
  return existing === undefined
    ? insert(call, next, result.managedFields, options)
    : replace(call, existing, next, result.managedFields, options);
}

/** Failures here never got a Status in apiserver, so that they come out as a bare 500. */
function mergeConfig(
  call: Call,
  live: JsonObject,
  config: JsonObject,
  existing: Stored | undefined,
  options: ApplyOptions,
): Applied {
  const { schema, unowned } = call.kind;
  const entries = existing?.object.metadata.managedFields;
  try {
    return applied(schema, unowned, live, config, entries, writerOf(call, options), options.force);
  } catch (error) {
    if (!(error instanceof TypedError)) throw error;
    throw internal(`failed to create typed patch object (${subjectOf(call, config)}): ${error.message}`);
  }
}

function convertApplied(call: Call, config: JsonObject, object: JsonObject): JsonObject {
  try {
    return fitted(call.kind, object);
  } catch (error) {
    if (!(error instanceof Undecodable)) throw error;
    const gvk = `${call.kind.group}/${call.kind.version}, Kind=${call.kind.kind}`;
    const why = `unable to convert unstructured object to ${gvk}: ${error.message}`;
    throw internal(`failed to convert new object (${subjectOf(call, config)}) to proper version: ${why}`);
  }
}

/** `/db; /v1, Kind=Service`. */
function subjectOf({ kind, path }: Call, config: JsonObject): string {
  const namespace = stringOf(objectOf(config.metadata).namespace);
  return `${namespace}/${path.name}; ${kind.group}/${kind.version}, Kind=${kind.kind}`;
}

function checkConfig(call: Call, config: JsonValue): asserts config is JsonObject {
  const { kind, path } = call;
  if (Array.isArray(config) || typeof config !== 'object') {
    const why = `while decoding JSON: json: cannot unmarshal ${goKindOf(config)} into Go value of type ${MAP_TYPE}`;
    throw badRequest(`error decoding YAML: error unmarshaling JSON: ${why}`);
  }
  const apiVersion = stringOf(config?.apiVersion);
  const name = stringOf(config?.kind);
  if (config === null || apiVersion !== groupVersionOf(kind) || name !== kind.kind) {
    const groupVersion = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
    throw badRequest(`invalid object type: ${groupVersion}, Kind=${name}`);
  }
  const metadata = objectOf(config.metadata);
  if (metadata.managedFields !== undefined) throw badRequest('metadata.managedFields must be nil');
  if (stringOf(metadata.name) !== '') checkName(path.name, metadata);
  const namespace = stringOf(metadata.namespace);
  if (namespace !== '' && namespace !== path.namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}
