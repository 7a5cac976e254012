import { isObject, type JsonObject, type JsonValue } from './json.ts';
import type { ListSchema, MapSchema, ScalarSchema, ScalarType, Schema, StructSchema } from './schema.ts';

/** A value that its field's Go type cannot hold. The message is what encoding/json or the type says. */
export class TypeMismatch extends Error {}

/** Is told unknown fields; the path is written as `endpoints[0].foo`. */
export type OnUnknownField = (path: string) => void;

/** Where a value stands. A chain, so that a path's text is only built when it is told. */
interface Place {
  readonly parent: Place | undefined;
  /** A field's name, a map's key, or a list's index. */
  readonly step: string | number;
  /** The Go type that a field belongs to. */
  readonly owner: string;
}

/**
 * Brings a value into the one form that the server stores and writes, as a round trip through the Go type
 * would: fields in the type's order, maps sorted, unknown fields gone, zero values left out or written as
 * the field says. The result shares nothing with the input but scalars.
 *
 * @throws TypeMismatch when a value does not fit its field.
 */
export function normalize(schema: StructSchema, value: JsonObject, onUnknown?: OnUnknownField): JsonObject {
  return normalizeStruct(schema, value, undefined, onUnknown);
}

/** The value as it is written, or undefined when the field is left out. */
function normalizeField(
  schema: Schema,
  value: JsonValue | undefined,
  place: Place,
  onUnknown: OnUnknownField | undefined,
): JsonValue | undefined {
  if (value === undefined || value === null) return schema.presence === 'always' ? zeroOf(schema) : undefined;
  const normal = normalizeValue(schema, value, place, onUnknown);
  return schema.presence === 'omitEmpty' && isEmpty(normal) ? undefined : normal;
}

function normalizeValue(
  schema: Schema,
  value: JsonValue,
  place: Place | undefined,
  onUnknown: OnUnknownField | undefined,
): JsonValue {
  switch (schema.type) {
    case 'scalar':
      return normalizeScalar(schema, value, place);
    case 'list':
      return normalizeList(schema, value, place, onUnknown);
    case 'map':
      return normalizeMap(schema, value, place, onUnknown);
    case 'struct':
      if (!isObject(value)) throw mismatch(value, place, schema);
      return normalizeStruct(schema, value, place, onUnknown);
  }
}

function normalizeStruct(
  schema: StructSchema,
  value: JsonObject,
  place: Place | undefined,
  onUnknown: OnUnknownField | undefined,
): JsonObject {
  const result: JsonObject = {};
  for (const name in schema.fields) {
    const field = schema.fields[name] as Schema;
    const at: Place = { parent: place, step: name, owner: schema.name };
    const normal = normalizeField(field, value[name], at, onUnknown);
    if (normal !== undefined) result[name] = normal;
  }
  if (onUnknown === undefined) return result;
  for (const name in value) {
    if (!Object.hasOwn(schema.fields, name))
      onUnknown(pathOf({ parent: place, step: name, owner: '' }, true));
  }
  return result;
}

function normalizeList(
  schema: ListSchema,
  value: JsonValue,
  place: Place | undefined,
  onUnknown: OnUnknownField | undefined,
): JsonValue {
  if (!Array.isArray(value)) throw mismatch(value, place, schema);
  return value.map((item, step) =>
    item === null
      ? zeroOf(schema.item)
      : normalizeValue(schema.item, item, { parent: place, step, owner: '' }, onUnknown),
  );
}

function normalizeMap(
  schema: MapSchema,
  value: JsonValue,
  place: Place | undefined,
  onUnknown: OnUnknownField | undefined,
): JsonValue {
  if (!isObject(value)) throw mismatch(value, place, schema);
  const result: JsonObject = {};
  for (const step of Object.keys(value).sort()) {
    const found = value[step] ?? null;
    const at = { parent: place, step, owner: '' };
    result[step] = found === null ? zeroOf(schema.value) : normalizeValue(schema.value, found, at, onUnknown);
  }
  return result;
}

const SCALAR_FITS: Readonly<Record<ScalarType, (value: JsonValue) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  int32: (value) => Number.isInteger(value) && Math.abs(value as number) <= 0x7fff_ffff,
  int64: (value) => Number.isInteger(value),
  intOrString: (value) => typeof value === 'string' || Number.isInteger(value),
  time: (value) => typeof value === 'string',
  microTime: (value) => typeof value === 'string',
  bytes: (value) => typeof value === 'string',
  any: () => true,
};

function normalizeScalar(schema: ScalarSchema, value: JsonValue, place: Place | undefined): JsonValue {
  const { scalar } = schema;
  if (!SCALAR_FITS[scalar](value)) throw mismatch(value, place, schema);
  if (scalar === 'time' || scalar === 'microTime') return normalizeTime(scalar, value as string);
  if (scalar === 'bytes') checkBase64(value as string);
  return value;
}

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const MICROSECONDS = /^\.\d{6}/;

/** In UTC, with whole seconds or six digits. */
function normalizeTime(type: 'time' | 'microTime', text: string): string {
  const [, seconds = '', fraction = '', zone = ''] = TIME.exec(text) ?? [];
  const fits = seconds !== '' && (type === 'time' || fraction.length === '.000000'.length);
  if (!fits) throw new TypeMismatch(timeMessage(type, text));
  const utc = zone === 'Z' ? seconds : new Date(`${seconds}${zone}`).toISOString().slice(0, seconds.length);
  return `${utc}${type === 'time' ? '' : fraction}Z`;
}

/** What Go's time.Parse says of the first part of its layout that the text does not follow. */
function timeMessage(type: 'time' | 'microTime', text: string): string {
  const layout = type === 'time' ? '2006-01-02T15:04:05Z07:00' : '2006-01-02T15:04:05.000000Z07:00';
  const seconds = SECONDS.exec(text)?.[0] ?? '';
  const micros = type === 'time' ? '' : (MICROSECONDS.exec(text.slice(seconds.length))?.[0] ?? '');
  const rest = text.slice(seconds.length + micros.length);
  const afterSeconds = type === 'time' || micros !== '' ? 'Z07:00' : '.000000';
  const expected = seconds === '' ? '2006' : afterSeconds;
  return `parsing time "${text}" as "${layout}": cannot parse "${rest}" as "${expected}"`;
}

function checkBase64(text: string): void {
  const good = /^[A-Za-z0-9+/]*={0,2}/.exec(text)?.[0] ?? '';
  if (good.length === text.length && text.length % 4 === 0) return;
  throw new TypeMismatch(`illegal base64 data at input byte ${good.length}`);
}

function zeroOf(schema: Schema): JsonValue {
  switch (schema.type) {
    case 'struct':
      return normalizeStruct(schema, {}, undefined, undefined);
    case 'list':
    case 'map':
      return null;
    case 'scalar':
      return ZERO_SCALARS[schema.scalar];
  }
}

const ZERO_SCALARS: Readonly<Record<ScalarType, JsonValue>> = {
  string: '',
  boolean: false,
  int32: 0,
  int64: 0,
  intOrString: 0,
  time: null,
  microTime: null,
  bytes: null,
  any: null,
};

function isEmpty(value: JsonValue): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isObject(value)) {
    for (const _ in value) return false;
    return true;
  }
  return value === null || value === '' || value === 0 || value === false;
}

function mismatch(value: JsonValue, place: Place | undefined, schema: Schema): TypeMismatch {
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const where = place === undefined ? 'value' : `struct field ${goFieldOf(place)}`;
  return new TypeMismatch(`json: cannot unmarshal ${found} into Go ${where} of type ${goTypeOf(schema)}`);
}

function goTypeOf(schema: Schema): string {
  if (schema.type === 'struct') return `v1.${schema.name}`;
  if (schema.type === 'list') return `[]${goTypeOf(schema.item)}`;
  if (schema.type === 'map') return `map[string]${goTypeOf(schema.value)}`;
  if (schema.scalar === 'boolean') return 'bool';
  return schema.scalar === 'int32' || schema.scalar === 'int64' ? schema.scalar : GO_TEXTS[schema.scalar];
}

/** Types that are text in JSON; an IntOrString is tried as a number when it is not text. */
const GO_TEXTS: Readonly<Record<Exclude<ScalarType, 'boolean' | 'int32' | 'int64'>, string>> = {
  string: 'string',
  intOrString: 'int32',
  time: 'string',
  microTime: 'string',
  bytes: '[]uint8',
  any: 'string',
};

/** `ServicePort.spec.ports.port`: the innermost Go type, then the path without indices and map keys. */
function goFieldOf(place: Place): string {
  let field = place;
  while (field.owner === '' && field.parent !== undefined) field = field.parent;
  return `${field.owner}.${pathOf(field, false)}`;
}

function pathOf(place: Place, withIndices: boolean): string {
  const before = place.parent === undefined ? '' : pathOf(place.parent, withIndices);
  if (typeof place.step === 'number') return withIndices ? `${before}[${place.step}]` : before;
  return before === '' ? place.step : `${before}.${place.step}`;
}
