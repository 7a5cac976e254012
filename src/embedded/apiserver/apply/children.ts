import { type JsonObject, type JsonValue, listOf, objectOf } from '../json.ts';
import { type ListSchema, type Schema, schemaOfMember } from '../schema/schema.ts';
import { fieldStep } from './field-set.ts';

/** A body that does not match the schema. The real API server returns a bare 500. */
export class TypedError extends Error {}

/** A field, entry or item of a value. */
export interface Child {
  readonly step: string;
  readonly schema: Schema;
  readonly value: JsonValue;
}

/**
 * The fields, entries or items of a value that is not atomic.
 *
 * @param path the path of the value, for errors about unknown fields.
 */
export function childrenOf(schema: Schema, value: JsonValue, path = ''): Child[] {
  if (schema.type === 'list') {
    const { item } = schema;
    return listOf(value).map((one) => ({ step: stepOfItem(schema, one), schema: item, value: one }));
  }
  const object = objectOf(value);
  const children: Child[] = [];
  for (const name of Object.keys(object)) {
    const child = object[name];
    if (child === undefined) continue;
    const childSchema = schemaOfMember(schema, name);
    if (childSchema === undefined) throw new TypedError(`${path}.${name}: field not declared in schema`);
    children.push({ step: fieldStep(name), schema: childSchema, value: child });
  }
  return children;
}

export function stepOfItem(schema: ListSchema, item: JsonValue): string {
  if (schema.merge === 'set') return `v:${JSON.stringify(item)}`;
  return `k:${JSON.stringify(keyOfItem(schema, item))}`;
}

/** The key of an item: its key fields sorted by name, with defaults for missing ones. */
function keyOfItem(schema: ListSchema, item: JsonValue): JsonObject {
  const key: JsonObject = {};
  const keys = typeof schema.merge === 'object' ? schema.merge.keys : [];
  for (const { name, default: byDefault } of keys) {
    const found = objectOf(item)[name] ?? byDefault;
    if (found !== undefined) key[name] = found;
  }
  return key;
}
