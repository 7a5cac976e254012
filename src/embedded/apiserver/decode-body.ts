import { parseDocument } from 'yaml';
import { isObject, type JsonObject, type JsonValue, stringOf } from './json.ts';
import { groupVersionOf, type Kind } from './kind.ts';
import { normalize, TypeMismatch } from './normalize.ts';
import { kindNamed } from './registry.ts';
import type { ApiRequest } from './request.ts';
import { badRequest, Refusal } from './status.ts';

/** apiserver's limit on a request's body. */
const MAX_BODY_BYTES = 3 * 1024 * 1024;

export function mediaTypeOf(request: ApiRequest): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
}

/** The value in the body of a POST or PUT. */
export function parseBody(request: ApiRequest, kind: { readonly kind: string }): JsonValue {
  checkSize(request);
  const mediaType = mediaTypeOf(request);
  if (mediaType === 'application/yaml') return parseYaml(request.body);
  if (mediaType !== 'application/json' && mediaType !== '') {
    const message =
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml';
    throw new Refusal(415, message, 'UnsupportedMediaType');
  }
  try {
    return JSON.parse(request.body) as JsonValue;
  } catch (error) {
    const problem = `couldn't get version/kind; json parse error: ${jsonProblem(error)}`;
    const shown = summaryOf(request.body);
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind.kind}): ${problem} (${shown})`,
    );
  }
}

/** JSON is shown as text, anything else as hexadecimal digits. */
function summaryOf(body: string): string {
  if (body === '') return '<empty>';
  const shown = body.startsWith('{') ? body : Buffer.from(body).toString('hex');
  return shown.length > 100 ? `${shown.slice(0, 100)} ...` : shown;
}

export function checkSize(request: ApiRequest): void {
  if (request.body.length * 3 <= MAX_BODY_BYTES) return;
  if (Buffer.byteLength(request.body) <= MAX_BODY_BYTES) return;
  const message = `Request entity too large: limit is ${MAX_BODY_BYTES}`;
  throw new Refusal(413, message, 'RequestEntityTooLarge', {});
}

/** JSON is YAML, and by far the commoner. */
export function parseYaml(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    const document = parseDocument(text, { uniqueKeys: true, version: '1.1' });
    const [problem] = document.errors;
    if (problem !== undefined) {
      const [summary] = problem.message.split('\n');
      throw badRequest(`error decoding YAML: error converting YAML to JSON: yaml: ${summary}`);
    }
    return document.toJS({ maxAliasCount: 50 }) as JsonValue;
  }
}

/** What Go's encoding/json says where V8 has other words. */
function jsonProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const token = /^Unexpected token '(.)'/u.exec(message)?.[1];
  if (token !== undefined) return `invalid character '${token}' looking for beginning of value`;
  return 'unexpected end of JSON input';
}

export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';

/** What a client sent is no object of the kind. The message says why, and the caller what for. */
export class Undecodable extends Error {}

/**
 * Turns what a client sent into an object of `kind` as the server keeps it: known fields only, in order,
 * with defaults. Unknown fields are dropped, told in `warnings`, or refused.
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
  const told = unknown.map((path) => `unknown field "${path}"`);
  if (told.length > 0 && validation === 'Strict') {
    throw new Undecodable(`strict decoding error: ${told.join(', ')}`);
  }
  warnings.push(...told);
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

/** The object that is there before a create: only what Go always writes. */
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

/** What encoding/json calls a value. */
export function goKindOf(value: JsonValue): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
