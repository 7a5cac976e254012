import type { Clock } from '../../time/clock.ts';
import type { Random } from '../../time/random.ts';
import type { ServiceAddresses } from './addresses/service-addresses.ts';
import type { FieldValidation } from './decode-object.ts';
import { type FieldError, invalid, invalidObject, notSupported, required } from './field-error.ts';
import type { Kind } from './kind.ts';
import type { ApiObject } from './object.ts';
import { type ApiRequest, flagOf, type ResourcePath } from './request.ts';
import type { ResourceRef } from './status.ts';
import type { Store, Stored } from './store.ts';

/** The dependencies of all requests. */
export interface Engine {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly addresses: ServiceAddresses;
}

/** One request for one resource, authorized. */
export interface Call {
  readonly engine: Engine;
  readonly kind: Kind;
  readonly path: ResourcePath;
  readonly request: ApiRequest;
  /** Texts for the response's Warning headers, in order. */
  readonly warnings: string[];
  /** Reads return the state of this revision: a fault. */
  readonly atRevision?: number;
}

export interface WriteOptions {
  readonly fieldManager: string;
  readonly dryRun: boolean;
  readonly validation: FieldValidation;
}

const FIELD_VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn'];
const MAX_FIELD_MANAGER_LENGTH = 128;

/** @param kind the options' type, as errors name it. */
export function writeOptionsOf(
  call: Call,
  kind: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions' | 'DeleteOptions',
  errors: FieldError[] = [],
): WriteOptions {
  const { query } = call.request;
  const validation = query.get('fieldValidation') ?? '';
  if (!FIELD_VALIDATIONS.includes(validation)) {
    errors.push(notSupported('fieldValidation', validation, FIELD_VALIDATIONS));
  }
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  if (dryRun.some((value) => value !== 'All')) errors.push(notSupported('dryRun', dryRun, ['All']));
  const fieldManager = query.get('fieldManager') ?? '';
  if (fieldManager.length > MAX_FIELD_MANAGER_LENGTH) {
    const detail = `may not be more than ${MAX_FIELD_MANAGER_LENGTH} bytes`;
    errors.push({ field: 'fieldManager', reason: 'FieldValueTooLong', message: `Too long: ${detail}` });
  }
  if (/[^\x20-\x7e]/.test(fieldManager)) {
    errors.push(invalid('fieldManager', fieldManager, 'should only contain printable characters'));
  }
  if (errors.length > 0) throw invalidObject({ group: 'meta.k8s.io', kind }, '', errors);
  return {
    fieldManager: fieldManager || managerFromUserAgent(call.request.headers['user-agent'] ?? ''),
    dryRun: dryRun.length > 0,
    validation: validation === 'Ignore' || validation === 'Strict' ? validation : 'Warn',
  };
}

function managerFromUserAgent(userAgent: string): string {
  return (userAgent.split('/')[0] ?? '').slice(0, MAX_FIELD_MANAGER_LENGTH) || 'unknown';
}

export interface ApplyOptions extends WriteOptions {
  readonly force: boolean;
}

export function applyOptionsOf(call: Call): ApplyOptions {
  const errors: FieldError[] = [];
  if ((call.request.query.get('fieldManager') ?? '') === '') {
    errors.push(required('fieldManager', 'is required for apply patch'));
  }
  const options = writeOptionsOf(call, 'PatchOptions', errors);
  return { ...options, force: flagOf(call.request.query, 'force') };
}

export function refOf(kind: Kind): ResourceRef {
  return { group: kind.group, resource: kind.resource };
}

/** The key in storage of the object that the path names. */
export function keyOf(call: Call, name = call.path.name): string {
  return call.kind.namespaced ? `${call.path.namespace}/${name}` : name;
}

/** The JSON of an object in the version of the client. */
export function objectFor(kind: Kind, stored: Stored): ApiObject {
  return kind.conversion === undefined ? stored.object : kind.conversion.fromStored(stored.object);
}

export function jsonFor(kind: Kind, stored: Stored): string {
  if (kind.conversion !== undefined) return JSON.stringify(objectFor(kind, stored));
  const shown = kind.shown?.(stored.object) ?? stored.object;
  return shown === stored.object ? stored.json : JSON.stringify(shown);
}
