import { isObject, type JsonObject, type JsonValue } from '../json.ts';

/** JSON Merge Patch, RFC 7396: null removes, objects merge, anything else replaces. */
export function mergePatched(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null || value === undefined) delete result[name];
    else result[name] = mergePatched(result[name], value);
  }
  return result;
}
