import type { JsonObject, JsonValue } from './json.ts';

export type StatusCause = { reason: string; message: string; field?: string };

/** The object of a Status. `kind` is the plural of the resource, or the kind for an invalid object. */
export interface ResourceRef {
  readonly group: string;
  readonly resource: string;
}

/**
 * The error of a rejected request. It is thrown wherever the handling detects the error, and
 * `ApiServer.handle` alone turns it into a response.
 */
export class Refusal extends Error {
  readonly code: number;
  readonly status: JsonObject;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: number, message: string, reason: string, details?: JsonObject) {
    super(message);
    this.name = 'Refusal';
    this.code = code;
    this.retryAfterSeconds =
      typeof details?.retryAfterSeconds === 'number' ? details.retryAfterSeconds : undefined;
    this.status = statusObject('Failure', {
      message,
      ...(reason === '' ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    });
  }
}

export function statusObject(status: 'Success' | 'Failure', rest: JsonObject): JsonObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status, ...rest };
}

function detailsOf(ref: ResourceRef, name: string, more: JsonObject = {}): JsonObject {
  return {
    ...(name === '' ? {} : { name }),
    ...(ref.group === '' ? {} : { group: ref.group }),
    kind: ref.resource,
    ...more,
  };
}

/** `services`, `endpointslices.discovery.k8s.io`: how messages name a resource. */
function qualified(ref: ResourceRef): string {
  return ref.group === '' ? ref.resource : `${ref.resource}.${ref.group}`;
}

export function notFound(ref: ResourceRef, name: string): Refusal {
  return new Refusal(404, `${qualified(ref)} "${name}" not found`, 'NotFound', detailsOf(ref, name));
}

/** 404 for a path without a resource on this server. */
export function noSuchResource(): Refusal {
  return new Refusal(404, 'the server could not find the requested resource', 'NotFound', {});
}

export function alreadyExists(ref: ResourceRef, name: string, isDying: boolean): Refusal {
  const prefix = isDying ? 'object is being deleted: ' : '';
  const message = `${prefix}${qualified(ref)} "${name}" already exists`;
  return new Refusal(409, message, 'AlreadyExists', detailsOf(ref, name));
}

export function conflict(ref: ResourceRef, name: string, why: string): Refusal {
  const message = `Operation cannot be fulfilled on ${qualified(ref)} "${name}": ${why}`;
  return new Refusal(409, message, 'Conflict', detailsOf(ref, name));
}

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

export function applyConflict(message: string, causes: StatusCause[]): Refusal {
  return new Refusal(409, message, 'Conflict', { causes: causes as JsonValue[] });
}

export function forbidden(ref: ResourceRef, name: string, why: string, causes?: StatusCause[]): Refusal {
  const subject = name === '' ? qualified(ref) : `${qualified(ref)} "${name}"`;
  const details = detailsOf(ref, name, causes === undefined ? {} : { causes: causes as JsonValue[] });
  return new Refusal(403, `${subject} is forbidden: ${why}`, 'Forbidden', details);
}

export function badRequest(message: string): Refusal {
  return new Refusal(400, message, 'BadRequest');
}

export function unauthorized(): Refusal {
  return new Refusal(401, 'Unauthorized', 'Unauthorized');
}

export function methodNotAllowed(): Refusal {
  const message = 'the server does not allow this method on the requested resource';
  return new Refusal(405, message, 'MethodNotAllowed', {});
}

export function unsupportedMediaType(): Refusal {
  return new Refusal(415, '415: Unsupported Media Type', 'UnsupportedMediaType', {});
}

export function notAcceptable(): Refusal {
  const message = '406: Not Acceptable\n\nAvailable representations: application/json';
  return new Refusal(406, message, 'NotAcceptable', {});
}

export function expired(message: string): Refusal {
  return new Refusal(410, message, 'Expired');
}

/** A failure without a reason in the real API server: the bare message with code 500. */
export function internal(message: string): Refusal {
  return new Refusal(500, message, '');
}
