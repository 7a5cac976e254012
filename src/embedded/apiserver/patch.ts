import { afterUpdate } from './apply/managed-fields.ts';
import { apply } from './apply-patch.ts';
import { type Call, keyOf, objectFor, refOf, type WriteOptions, writeOptionsOf } from './call.ts';
import { decodeObject, Undecodable } from './decode-object.ts';
import { forbiddenField, invalid, invalidObject } from './field-error.ts';
import { isObject, type JsonObject, type JsonValue, objectOf } from './json.ts';
import { checkSize, goKindOf, mediaTypeOf } from './parse-body.ts';
import { jsonPatched } from './patches/json-patch.ts';
import { mergePatched } from './patches/merge-patch.ts';
import { strategicallyPatched } from './patches/strategic-merge-patch.ts';
import { replace, type Written } from './persist.ts';
import type { ApiRequest } from './request.ts';
import { badRequest, notFound, unsupportedMediaType } from './status.ts';
import { checkName, checkNamespace, managedFieldsSent, writerOf } from './write.ts';

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
  const managedFields = afterUpdate(kind, live, next, entries, writerOf(call, options));
  return replace(call, existing, next, managedFields, options);
}

/** A patch whose result is not a valid object of the kind is rejected. */
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
