/**
 * The schema of a kind: its fields (unknown ones are dropped, warned about or rejected), how Go writes zero values,
 * and how lists and maps merge. Decoding, server-side apply, managed fields and strategic merge patches use it.
 */
export type Schema = ScalarSchema | StructSchema | MapSchema | ListSchema;

/**
 * How Go writes a field that has its zero value: most are left out (`omitempty`), a pointer is written when
 * it was given (`pointer`), and a field without omitempty is always written (`always`).
 */
export type Presence = 'omitEmpty' | 'pointer' | 'always';

interface Common {
  readonly presence: Presence;
}

export type ScalarType =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'intOrString'
  | 'time'
  | 'microTime'
  | 'bytes'
  | 'any';

export interface ScalarSchema extends Common {
  readonly type: 'scalar';
  readonly scalar: ScalarType;
}

export interface StructSchema extends Common {
  readonly type: 'struct';
  /** The name of the Go type, for decoding errors. */
  readonly name: string;
  readonly fields: Readonly<Record<string, Schema>>;
  /** `+structType=atomic`: one manager owns the whole value. */
  readonly atomic: boolean;
}

export interface MapSchema extends Common {
  readonly type: 'map';
  readonly value: Schema;
  readonly atomic: boolean;
}

export interface ListSchema extends Common {
  readonly type: 'list';
  readonly item: Schema;
  /** `+listType`: one value, a set of scalars, or a map keyed by these fields of its items. */
  readonly merge: 'atomic' | 'set' | { readonly keys: readonly ListKey[] };
  /** `patchMergeKey` of strategic merge patches; '' merges scalars, undefined replaces the list. */
  readonly strategicKey: string | undefined;
}

export interface ListKey {
  readonly name: string;
  /** The value of the key when an item does not have it. */
  readonly default?: string;
}

function scalar(type: ScalarType): ScalarSchema {
  return { type: 'scalar', scalar: type, presence: 'omitEmpty' };
}

export const string = scalar('string');
export const boolean = scalar('boolean');
export const int32 = scalar('int32');
export const int64 = scalar('int64');
export const intOrString = scalar('intOrString');
export const time = scalar('time');
export const microTime = scalar('microTime');
/** Base64 in JSON. */
export const bytes = scalar('bytes');
export const anything = scalar('any');

export function pointer<T extends Schema>(schema: T): T {
  return { ...schema, presence: 'pointer' };
}

export function always<T extends Schema>(schema: T): T {
  return { ...schema, presence: 'always' };
}

export function struct(name: string, fields: Readonly<Record<string, Schema>>): StructSchema {
  return { type: 'struct', name, fields, atomic: false, presence: 'always' };
}

export function atomicStruct(name: string, fields: Readonly<Record<string, Schema>>): StructSchema {
  return { ...struct(name, fields), atomic: true };
}

export function map(value: Schema): MapSchema {
  return { type: 'map', value, atomic: false, presence: 'omitEmpty' };
}

export function atomicMap(value: Schema): MapSchema {
  return { ...map(value), atomic: true };
}

export function atomicList(item: Schema, strategicKey?: string): ListSchema {
  return { type: 'list', item, merge: 'atomic', strategicKey, presence: 'omitEmpty' };
}

export function setList(item: Schema, strategicKey?: string): ListSchema {
  return { type: 'list', item, merge: 'set', strategicKey, presence: 'omitEmpty' };
}

export function keyedList(item: Schema, keys: readonly ListKey[], strategicKey: string): ListSchema {
  return { type: 'list', item, merge: { keys }, strategicKey, presence: 'omitEmpty' };
}

/** Whether a manager owns the value as a whole, so that no field path goes into it. */
export function isAtomic(schema: Schema): boolean {
  switch (schema.type) {
    case 'scalar':
      return true;
    case 'list':
      return schema.merge === 'atomic';
    default:
      return schema.atomic;
  }
}

/** The schema of a field or entry; undefined when there is none. */
export function schemaOfMember(schema: Schema, name: string): Schema | undefined {
  if (schema.type === 'map') return schema.value;
  return schema.type === 'struct' && Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
}
