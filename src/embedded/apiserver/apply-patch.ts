import { TypedError } from './apply/children.ts';
import { type Applied, applied } from './apply/server-side-apply.ts';
import { type ApplyOptions, applyOptionsOf, type Call, keyOf, objectFor, refOf } from './call.ts';
import { emptyObject, fitted, Undecodable } from './decode-object.ts';
import { type JsonObject, type JsonValue, objectOf, stringOf } from './json.ts';
import { groupVersionOf } from './kind.ts';
import { goKindOf, parseYaml } from './parse-body.ts';
import { insert, replace, type Written } from './persist.ts';
import { badRequest, conflict, internal } from './status.ts';
import type { Stored } from './store.ts';
import { checkName, checkNamespace, writerOf } from './write.ts';

/** Server-side apply. Creates a missing object. */
export function apply(call: Call): Written {
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

/** The real API server returns a bare 500 for these failures. */
function mergeConfig(
  call: Call,
  live: JsonObject,
  config: JsonObject,
  existing: Stored | undefined,
  options: ApplyOptions,
): Applied {
  const entries = existing?.object.metadata.managedFields;
  try {
    return applied(call.kind, live, config, entries, writerOf(call, options), options.force);
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
    const why = `while decoding JSON: json: cannot unmarshal ${goKindOf(config)} into Go value of type map[string]interface {}`;
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
  checkNamespace(call, metadata.namespace);
}
