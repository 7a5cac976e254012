import { descend, type FieldSet, fieldStep, isEmptySet, keyText, MEMBER } from './field-set.ts';
import { isObject, type JsonObject, type JsonValue, listOf, objectOf, sameJson } from './json.ts';
import { isAtomic, type ListSchema, type Schema } from './schema.ts';

/**
 * The parts of structured-merge-diff (sigs.k8s.io/structured-merge-diff/v6, `typed`) that server-side apply
 * and managed fields need: the set of fields in a value, and what changed between two values.
 */

/** A body that does not fit the schema; apiserver answers it with a bare 500. */
export class TypedError extends Error {}

/** The schema of what stands at a step, and the step's name in a field set. */
interface Child {
  readonly step: string;
  readonly schema: Schema;
  readonly value: JsonValue;
}

/** The fields, entries or items of a value that is not owned as one. */
function childrenOf(schema: Schema, value: JsonValue, path = ''): Child[] {
  if (schema.type === 'list') {
    return listOf(value).map((item) => ({
      step: stepOfItem(schema, item),
      schema: schema.item,
      value: item,
    }));
  }
  const object = objectOf(value);
  const children: Child[] = [];
  for (const name of Object.keys(object)) {
    const child = object[name];
    if (child === undefined) continue;
    const childSchema =
      schema.type === 'map'
        ? schema.value
        : schema.type === 'struct'
          ? fieldOf(schema.fields, name)
          : undefined;
    if (childSchema === undefined) throw new TypedError(`${path}.${name}: field not declared in schema`);
    children.push({ step: fieldStep(name), schema: childSchema, value: child });
  }
  return children;
}

function fieldOf(fields: Readonly<Record<string, Schema>>, name: string): Schema | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function checkDuplicates(schema: ListSchema, value: JsonValue, path: string): void {
  const seen = new Set<string>();
  for (const item of listOf(value)) {
    const step = stepOfItem(schema, item);
    if (seen.has(step)) {
      const shown = step.startsWith('k:') ? keyText(keyOfItem(schema, item)) : `[=${step.slice(2)}]`;
      throw new TypedError(`${path}: duplicate entries for key ${shown}`);
    }
    seen.add(step);
  }
}

export function stepOfItem(schema: ListSchema, item: JsonValue): string {
  if (schema.merge === 'set') return `v:${JSON.stringify(item)}`;
  return `k:${JSON.stringify(keyOfItem(schema, item))}`;
}

/** The key of an item, its fields ascending by name, with the defaults of those left out. */
function keyOfItem(schema: ListSchema, item: JsonValue): JsonObject {
  const key: JsonObject = {};
  const keys = typeof schema.merge === 'object' ? schema.merge.keys : [];
  for (const { name, default: byDefault } of keys) {
    const found = objectOf(item)[name] ?? byDefault;
    if (found !== undefined) key[name] = found;
  }
  return key;
}

/** Every field that a configuration sets, checked against the schema on the way. */
export function fieldSetOf(schema: Schema, value: JsonValue): FieldSet {
  const set: FieldSet = {};
  collect(schema, value, '', set);
  return set;
}

function collect(schema: Schema, value: JsonValue, path: string, set: FieldSet): void {
  checkType(schema, value, path);
  if (value === null || isAtomic(schema)) return;
  if (schema.type === 'list') checkDuplicates(schema, value, path);
  for (const child of childrenOf(schema, value, path)) {
    // An empty set or keyed list owns nothing, while an empty map owns itself.
    if (child.schema.type === 'list' && !isAtomic(child.schema) && isEmptyList(child.value)) continue;
    const node = descend(set, child.step);
    const childPath = child.step.startsWith('k:')
      ? `${path}${keyText(JSON.parse(child.step.slice(2)) as JsonObject)}`
      : child.step.startsWith('v:')
        ? `${path}[=${child.step.slice(2)}]`
        : `${path}.${child.step.slice(2)}`;
    collect(child.schema, child.value, childPath, node);
    // What holds nothing but empty sets and lists owns nothing either.
    if (isEmptySet(node) && isObject(child.value) && !isAtomic(child.schema) && !isEmptyObject(child.value)) {
      delete set[child.step];
    }
    // An item of a keyed list is a thing of its own beside its fields; a struct or map is only the sum.
    if (child.step.startsWith('k:') && !isEmptySet(node)) node[MEMBER] = {};
  }
}

function isEmptyObject(value: JsonObject): boolean {
  return Object.keys(value).length === 0;
}

function isEmptyList(value: JsonValue): boolean {
  return value === null || (Array.isArray(value) && value.length === 0);
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

/** As Go's `%v` prints structured-merge-diff's value. */
function goValue(value: JsonValue): string {
  if (isObject(value))
    return `&{map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${goText(value[key])}`)
      .join(' ')}]}`;
  if (Array.isArray(value)) return `&{[${value.map(goText).join(' ')}]}`;
  return `&value.valueUnstructured{Value:${typeof value === 'string' ? JSON.stringify(value) : String(value)}}`;
}

function goText(value: JsonValue | undefined): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The fields that two values of one schema differ in. */
export interface Comparison {
  /** Added or changed. */
  readonly set: FieldSet;
  readonly removed: FieldSet;
}

export function compare(schema: Schema, before: JsonValue, after: JsonValue): Comparison {
  const comparison = { set: {}, removed: {} };
  compareChildren(schema, before, after, comparison.set, comparison.removed);
  return comparison;
}

function compareChildren(
  schema: Schema,
  before: JsonValue,
  after: JsonValue,
  set: FieldSet,
  removed: FieldSet,
): void {
  const old = new Map(childrenOf(schema, before).map((child) => [child.step, child]));
  for (const child of childrenOf(schema, after)) {
    const was = old.get(child.step);
    old.delete(child.step);
    if (was === undefined) insertAll(child, set);
    else if (isAtomic(child.schema) || was.value === null || child.value === null) {
      if (!sameJson(was.value, child.value)) set[child.step] = {};
    } else {
      const below: Comparison = { set: {}, removed: {} };
      compareChildren(child.schema, was.value, child.value, below.set, below.removed);
      for (const _ in below.set) set[child.step] = below.set;
      for (const _ in below.removed) removed[child.step] = below.removed;
    }
  }
  for (const gone of old.values()) insertAll(gone, removed);
}

/** A value that is wholly new, or wholly gone: itself and everything in it. */
function insertAll(child: Child, set: FieldSet): void {
  const node: FieldSet = {};
  set[child.step] = node;
  if (child.value === null || isAtomic(child.schema)) return;
  for (const below of childrenOf(child.schema, child.value)) insertAll(below, node);
  for (const _ in node) {
    node[MEMBER] = {};
    return;
  }
}
