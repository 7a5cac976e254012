import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import { goTypeOf, normalScalar, SCALAR_FITS, TypeMismatch, ZERO_SCALARS } from './scalars.ts';
import type { ListSchema, MapSchema, ScalarSchema, Schema, StructSchema } from './schema.ts';

/** Called for each unknown field, with its path, such as `endpoints[0].foo`. */
export type OnUnknownField = (path: string) => void;

/** The path of a value, as a linked list: its text is built only when a message needs it. */
interface Place {
  readonly parent: Place | undefined;
  /** A field's name, a map's key, or a list's index. */
  readonly step: string | number;
  /** The Go type that a field belongs to. */
  readonly owner: string;
}

/**
 * Converts a value to its stored form, as a round trip through the Go type does: fields in the order of the type,
 * maps sorted, no unknown fields, zero values written or omitted as the field defines. Copies everything but
 * scalars.
 *
 * @throws TypeMismatch when a value does not fit its field.
 */
export function normalize(schema: StructSchema, value: JsonObject, onUnknown?: OnUnknownField): JsonObject {
  return normalizeStruct(schema, value, undefined, onUnknown);
}

/** The value to write; undefined when the field is omitted. */
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

function normalizeScalar(schema: ScalarSchema, value: JsonValue, place: Place | undefined): JsonValue {
  if (!SCALAR_FITS[schema.scalar](value)) throw mismatch(value, place, schema);
  return normalScalar(schema.scalar, value);
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
