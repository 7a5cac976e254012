import type { JsonValue } from '../json.ts';
import type { ScalarType, Schema } from './schema.ts';

/** A value that does not fit the Go type of its field. The message is that of encoding/json or of the type. */
export class TypeMismatch extends Error {}

export const SCALAR_FITS: Readonly<Record<ScalarType, (value: JsonValue) => boolean>> = {
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

/** A value of a field's type, in its stored form. */
export function normalScalar(type: ScalarType, value: JsonValue): JsonValue {
  if (type === 'time' || type === 'microTime') return normalizeTime(type, value as string);
  if (type === 'bytes') checkBase64(value as string);
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

/** The message of Go's time.Parse for the first part of the layout that the text does not match. */
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

export const ZERO_SCALARS: Readonly<Record<ScalarType, JsonValue>> = {
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

export function goTypeOf(schema: Schema): string {
  if (schema.type === 'struct') return `v1.${schema.name}`;
  if (schema.type === 'list') return `[]${goTypeOf(schema.item)}`;
  if (schema.type === 'map') return `map[string]${goTypeOf(schema.value)}`;
  if (schema.scalar === 'boolean') return 'bool';
  return schema.scalar === 'int32' || schema.scalar === 'int64' ? schema.scalar : GO_TEXTS[schema.scalar];
}

/** Types that are strings in JSON. An IntOrString may also be a number. */
const GO_TEXTS: Readonly<Record<Exclude<ScalarType, 'boolean' | 'int32' | 'int64'>, string>> = {
  string: 'string',
  intOrString: 'int32',
  time: 'string',
  microTime: 'string',
  bytes: '[]uint8',
  any: 'string',
};
