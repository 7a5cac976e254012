/** JSON values of the API server. Stored values are immutable: a write creates a new object. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export type JsonObject = { [key: string]: JsonValue | undefined };

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` as an object. Any other value becomes an empty one, like a nil map in Go. */
export function objectOf(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function listOf(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

export function stringOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

export function numberOf(value: JsonValue | undefined): number {
  return typeof value === 'number' ? value : 0;
}

export function stringMapOf(value: JsonValue | undefined): Record<string, string> {
  return objectOf(value) as Record<string, string>;
}

/** Deep equality that ignores the order of keys and keys with undefined values. */
export function sameJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, at) => sameJson(item, b[at]));
  }
  if (!isObject(a) || !isObject(b)) return false;
  for (const key of Object.keys(a)) if (!sameJson(a[key], b[key])) return false;
  for (const key of Object.keys(b)) if (b[key] !== undefined && a[key] === undefined) return false;
  return true;
}

/** A copy with the keys in ascending order, as Go writes a map. */
export function sortedByKey<T>(object: Readonly<Record<string, T>>): Record<string, T> {
  const keys = Object.keys(object);
  const sorted: Record<string, T> = {};
  for (const key of keys.sort()) sorted[key] = object[key] as T;
  return sorted;
}
