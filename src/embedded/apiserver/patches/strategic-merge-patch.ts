import { isObject, type JsonObject, type JsonValue, listOf } from '../json.ts';
import { type ListSchema, type Schema, type StructSchema, schemaOfMember } from '../schema/schema.ts';
import { badRequest } from '../status.ts';

/**
 * Strategic merge patch (apimachinery's util/strategicpatch): a merge patch in which lists with a merge key
 * merge item by item. Supports the directives `$patch: replace|delete`, `$deleteFromPrimitiveList/…`,
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
    else {
      const order = changes[`$setElementOrder/${name}`];
      result[name] = patchValue(schemaOfMember(schema, name), result[name], value, order);
    }
  }
  return withListDirectives(schema, result, changes);
}

function patchValue(
  schema: Schema | undefined,
  target: JsonValue | undefined,
  value: JsonValue,
  order: JsonValue | undefined,
): JsonValue {
  if (isObject(value)) {
    return patchObject(schema ?? ANY, isObject(target) ? target : {}, value);
  }
  if (!Array.isArray(value) || schema?.type !== 'list' || schema.strategicKey === undefined) return value;
  const named = Array.isArray(order) ? order : undefined;
  return patchList(schema, schema.strategicKey, listOf(target), value, named);
}

/** An unknown field merges like a map. Decoding reports it later. */
const ANY: Schema = { type: 'struct', name: '', fields: {}, atomic: false, presence: 'omitEmpty' };

function patchList(
  schema: ListSchema,
  key: string,
  target: JsonValue[],
  patch: JsonValue[],
  order: JsonValue[] | undefined,
): JsonValue[] {
  const items = patch.filter(isObject);
  if (items.some((item) => item.$patch === 'replace')) {
    return items.filter((item) => item.$patch !== 'replace');
  }
  const keyOf = (item: JsonValue) => JSON.stringify(key !== '' && isObject(item) ? item[key] : item);
  const merged = new Map(target.map((item) => [keyOf(item), item]));
  for (const item of patch) {
    const was = merged.get(keyOf(item));
    if (isObject(item) && item.$patch === 'delete') merged.delete(keyOf(item));
    else
      merged.set(
        keyOf(item),
        isObject(item) ? patchObject(schema.item, isObject(was) ? was : {}, item) : item,
      );
  }
  return inOrder(merged, target.map(keyOf), (order ?? patch).map(keyOf));
}

/**
 * The items of the patch in its order, and the other items of the server between them: each before the first item
 * that follows it in the old list, otherwise at the end (mergeSortedSlice).
 */
function inOrder(
  items: ReadonlyMap<string, JsonValue>,
  oldOrder: readonly string[],
  patchOrder: readonly string[],
): JsonValue[] {
  const named = [...new Set(patchOrder)].filter((key) => items.has(key));
  const others = [...items.keys()].filter((key) => !named.includes(key));
  const result: string[] = [];
  for (const key of named) {
    while (others[0] !== undefined && precedes(others[0], key, oldOrder)) result.push(others.shift() ?? '');
    result.push(key);
  }
  return [...result, ...others].map((key) => items.get(key) as JsonValue);
}

function precedes(a: string, b: string, order: readonly string[]): boolean {
  const [first, second] = [order.indexOf(a), order.indexOf(b)];
  return first >= 0 && second >= 0 && first < second;
}

/** Directives about a list that is not itself in the patch. */
function withListDirectives(schema: Schema, object: JsonObject, patch: JsonObject): JsonObject {
  for (const [directive, value] of Object.entries(patch)) {
    const [command, name = ''] = directive.split('/');
    const list = object[name];
    if (!Array.isArray(value) || !Array.isArray(list)) continue;
    if (command === '$deleteFromPrimitiveList') object[name] = list.filter((item) => !value.includes(item));
    else if (command === '$setElementOrder' && patch[name] === undefined) {
      object[name] = patchValue(schemaOfMember(schema, name), list, [], value);
    }
  }
  return object;
}
