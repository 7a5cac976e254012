import { isObject, type JsonObject, type JsonValue, listOf } from './json.ts';
import type { ListSchema, Schema, StructSchema } from './schema.ts';
import { badRequest } from './status.ts';

/**
 * Strategic merge patch (apimachinery's util/strategicpatch): a merge patch in which lists with a merge key
 * merge item by item. Knows the directives `$patch: replace|delete`, `$deleteFromPrimitiveList/…`,
 * `$setElementOrder/…` and `$retainKeys`, which kubectl writes.
 */
export function strategicallyPatched(schema: StructSchema, target: JsonObject, patch: JsonValue): JsonObject {
  if (!isObject(patch)) throw badRequest('a strategic merge patch is an object');
  return patchObject(schema, target, patch);
}

function patchObject(schema: Schema, target: JsonObject, patch: JsonObject): JsonObject {
  const { $patch: directive, $retainKeys: retainKeys, ...changes } = patch;
  if (directive === 'replace') return changes;
  if (directive === 'delete') return {};
  const result: JsonObject = { ...target };
  if (Array.isArray(retainKeys)) {
    for (const name of Object.keys(result)) if (!retainKeys.includes(name)) delete result[name];
  }
  for (const [name, value] of Object.entries(changes)) {
    if (name.startsWith('$')) continue;
    if (value === null || value === undefined) delete result[name];
    else result[name] = patchValue(childSchema(schema, name), result[name], value);
  }
  return withListDirectives(schema, result, changes);
}

function childSchema(schema: Schema, name: string): Schema | undefined {
  if (schema.type === 'map') return schema.value;
  return schema.type === 'struct' && Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
}

function patchValue(schema: Schema | undefined, target: JsonValue | undefined, value: JsonValue): JsonValue {
  if (isObject(value)) {
    return patchObject(schema ?? ANY, isObject(target) ? target : {}, value);
  }
  if (!Array.isArray(value) || schema?.type !== 'list' || schema.strategicKey === undefined) return value;
  return patchList(schema, schema.strategicKey, listOf(target), value);
}

/** An unknown field merges as a map does; decoding tells of it later. */
const ANY: Schema = { type: 'struct', name: '', fields: {}, atomic: false, presence: 'omitEmpty' };

function patchList(schema: ListSchema, key: string, target: JsonValue[], patch: JsonValue[]): JsonValue[] {
  if (key === '') return [...target, ...patch.filter((item) => !target.includes(item))];
  const items = patch.filter(isObject);
  if (items.some((item) => item.$patch === 'replace')) {
    return items.filter((item) => item.$patch !== 'replace');
  }
  const result = [...target];
  for (const item of items) {
    const at = result.findIndex((one) => isObject(one) && one[key] === item[key]);
    if (item.$patch === 'delete') {
      if (at >= 0) result.splice(at, 1);
    } else if (at >= 0) {
      result[at] = patchObject(schema.item, result[at] as JsonObject, item);
    } else result.push(patchObject(schema.item, {}, item));
  }
  return result;
}

function withListDirectives(schema: Schema, object: JsonObject, patch: JsonObject): JsonObject {
  for (const [directive, value] of Object.entries(patch)) {
    const [command, name = ''] = directive.split('/');
    const list = object[name];
    if (!Array.isArray(value) || !Array.isArray(list)) continue;
    if (command === '$deleteFromPrimitiveList') {
      object[name] = list.filter((item) => !value.includes(item));
    } else if (command === '$setElementOrder') {
      object[name] = inOrder(childSchema(schema, name), list, value);
    }
  }
  return object;
}

/** The items named by the order in that order; the others keep their places behind. */
function inOrder(schema: Schema | undefined, list: JsonValue[], order: JsonValue[]): JsonValue[] {
  const key = schema?.type === 'list' ? (schema.strategicKey ?? '') : '';
  const keyOf = (item: JsonValue) => JSON.stringify(key !== '' && isObject(item) ? item[key] : item);
  const places = new Map(order.map((item, at) => [keyOf(item), at]));
  const placeOf = (item: JsonValue) => places.get(keyOf(item)) ?? order.length;
  return list.toSorted((a, b) => placeOf(a) - placeOf(b));
}
