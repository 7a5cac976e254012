import { isObject, type JsonObject, type JsonValue, stringOf } from './json.ts';
import { groupVersionOf, type Kind } from './kind.ts';
import { goKindOf, parseBody } from './parse-body.ts';
import { kindNamed } from './registry.ts';
import type { ApiRequest } from './request.ts';
import { normalize } from './schema/normalize.ts';
import { TypeMismatch } from './schema/scalars.ts';
import { badRequest } from './status.ts';

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** The body is not a valid object of the kind. The message has the reason. */
export class Undecodable extends Error {}

/**
 * Converts a client's body to the stored form of `kind`: known fields in order, with defaults. Unknown fields are
 * dropped, added to `warnings`, or rejected.
 *
 * @throws Undecodable
 */
export function decodeObject(
  kind: Kind,
  value: JsonValue,
  validation: FieldValidation,
  warnings: string[],
): JsonObject {
  if (!isObject(value))
    throw new Undecodable(`json: cannot unmarshal ${goKindOf(value)} into Go value of type v1.${kind.kind}`);
  checkKind(kind, value);
  const unknown: string[] = [];
  const collect = validation === 'Ignore' ? undefined : (path: string) => unknown.push(path);
  const object = fitted(kind, value, collect);
  const reported = unknown.map((path) => `unknown field "${path}"`);
  if (reported.length > 0 && validation === 'Strict') {
    throw new Undecodable(`strict decoding error: ${reported.join(', ')}`);
  }
  warnings.push(...reported);
  return object;
}

/** {@link decodeObject} for the body of a POST or PUT. */
export function decodeBody(
  kind: Kind,
  request: ApiRequest,
  validation: FieldValidation,
  warnings: string[],
): JsonObject {
  const value = parseBody(request, kind) ?? {};
  try {
    return decodeObject(kind, value, validation, warnings);
  } catch (error) {
    if (!(error instanceof Undecodable)) throw error;
    const name = (isObject(value) && stringOf(value.kind)) || kind.kind;
    throw badRequest(
      `${name} in version "${kind.version}" cannot be handled as a ${kind.kind}: ${error.message}`,
    );
  }
}

/**
 * Normalizes and defaults a value.
 *
 * @throws Undecodable when a field does not fit its type.
 */
export function fitted(kind: Kind, value: JsonObject, onUnknown?: (path: string) => void): JsonObject {
  try {
    const object = normalize(kind.schema, { ...value, ...typeMetaOf(kind) }, onUnknown);
    kind.applyDefaults(object);
    return object;
  } catch (error) {
    if (error instanceof TypeMismatch) throw new Undecodable(error.message);
    throw error;
  }
}

/** The object before a create: only fields that Go always writes. */
export function emptyObject(kind: Kind): JsonObject {
  return normalize(kind.schema, typeMetaOf(kind));
}

function typeMetaOf(kind: Kind): JsonObject {
  return { kind: kind.kind, apiVersion: groupVersionOf(kind) };
}

function checkKind(kind: Kind, value: JsonObject): void {
  const name = stringOf(value.kind) || kind.kind;
  const apiVersion = stringOf(value.apiVersion) || groupVersionOf(kind);
  if (name === kind.kind && apiVersion === groupVersionOf(kind)) return;
  if (kindNamed(apiVersion, name) === undefined) {
    throw new Undecodable(
      `no kind "${name}" is registered for version "${apiVersion}" in scheme "pkg/api/legacyscheme/scheme.go:30"`,
    );
  }
  const version = apiVersion.split('/').at(-1);
  throw new Undecodable(`converting (${version}.${name}) to (core.${kind.kind}): unknown conversion`);
}
