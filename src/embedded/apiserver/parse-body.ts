import { parseDocument } from 'yaml';
import type { JsonValue } from './json.ts';
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

/** Tries JSON first, which is YAML and the usual format. */
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

/** Messages of Go's encoding/json for errors that V8 words differently. */
function jsonProblem(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const token = /^Unexpected token '(.)'/u.exec(message)?.[1];
  if (token !== undefined) return `invalid character '${token}' looking for beginning of value`;
  return 'unexpected end of JSON input';
}

/** The name of a value's type in encoding/json. */
export function goKindOf(value: JsonValue): string {
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}
