import { isObject, type JsonValue, listOf } from '../json.ts';
import { isAtomic, type ListSchema, type Schema } from '../schema/schema.ts';
import { childrenOf, stepOfItem, TypedError } from './children.ts';
import { type FieldSet, isEmptySet, MEMBER, stepText } from './field-set.ts';

/**
 * The set of all fields of a configuration. Checks them against the schema (structured-merge-diff's `typed.AsTyped`
 * and `ToFieldSet`).
 *
 * @throws TypedError
 */
export function fieldSetOf(schema: Schema, value: JsonValue, path = ''): FieldSet {
  checkType(schema, value, path);
  const set: FieldSet = {};
  if (value === null || isAtomic(schema)) return set;
  if (schema.type === 'list') checkDuplicates(schema, value, path);
  for (const child of childrenOf(schema, value, path)) {
    const node = fieldSetOf(child.schema, child.value, `${path}${stepText(child.step)}`);
    if (isEmptySet(node) && ownsNothing(child.schema, child.value)) continue;
    // An item of a keyed list is a member of the set itself; a struct or map is not.
    set[child.step] = child.step.startsWith('k:') && !isEmptySet(node) ? { [MEMBER]: {}, ...node } : node;
  }
  return set;
}

/** An empty set or keyed list, or a value that contains only such. An empty map is a member itself. */
function ownsNothing(schema: Schema, value: JsonValue): boolean {
  if (isAtomic(schema)) return false;
  if (schema.type === 'list') return listOf(value).length === 0;
  return isObject(value) && Object.keys(value).length > 0;
}

function checkDuplicates(schema: ListSchema, value: JsonValue, path: string): void {
  const seen = new Set<string>();
  for (const step of listOf(value).map((item) => stepOfItem(schema, item))) {
    if (seen.has(step)) throw new TypedError(`${path}: duplicate entries for key ${stepText(step)}`);
    seen.add(step);
  }
}

function checkType(schema: Schema, value: JsonValue, path: string): void {
  if (value === null) return;
  if (schema.type === 'list') {
    if (!Array.isArray(value)) throw new TypedError(`${path}: expected list, got ${goValue(value)}`);
  } else if (schema.type !== 'scalar') {
    if (!isObject(value)) throw new TypedError(`${path}: expected map, got ${goValue(value)}`);
  } else if (schema.scalar === 'string' && typeof value !== 'string') {
    throw new TypedError(`${path}: expected string, got ${goValue(value)}`);
  } else if (schema.scalar === 'boolean' && typeof value !== 'boolean') {
    throw new TypedError(`${path}: expected boolean, got ${goValue(value)}`);
  } else if ((schema.scalar === 'int32' || schema.scalar === 'int64') && typeof value !== 'number') {
    throw new TypedError(`${path}: expected numeric (int or float), got ${typeof value}`);
  }
}

/** Formats a value as Go's `%v` does. */
function goValue(value: JsonValue): string {
  if (isObject(value)) {
    const entries = Object.keys(value).sort();
    return `&{map[${entries.map((key) => `${key}:${goText(value[key])}`).join(' ')}]}`;
  }
  if (Array.isArray(value)) return `&{[${value.map(goText).join(' ')}]}`;
  return `&value.valueUnstructured{Value:${JSON.stringify(value)}}`;
}

function goText(value: JsonValue | undefined): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
