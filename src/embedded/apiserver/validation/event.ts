import { type FieldError, invalid, required } from '../field-error.ts';
import { isObject, type JsonValue, numberOf, objectOf, sameJson, stringOf } from '../json.ts';
import type { ApiObject } from '../object.ts';
import { qualifiedNameProblems } from './names.ts';
import { SUBDOMAIN_NAME, validateMeta } from './object-meta.ts';

const MAX_TEXT_LENGTH = 128;
const MAX_NOTE_LENGTH = 1024;

/** Fields of an `events.k8s.io/v1` Event that an update must not change. */
const IMMUTABLE = [
  'involvedObject',
  'reason',
  'message',
  'source',
  'firstTimestamp',
  'lastTimestamp',
  'count',
  'type',
  'eventTime',
  'action',
  'related',
  'reportingComponent',
  'reportingInstance',
];

/**
 * pkg/apis/core/validation/events.go. Messages use the fields of the core Event for both versions.
 *
 * @param isCore whether the client sent the core version, which has fewer rules.
 */
export function validateEvent(
  event: ApiObject,
  existing: ApiObject | undefined,
  isCore: boolean,
): FieldError[] {
  const errors = commonErrors(event, isCore);
  if (isCore) return errors;
  errors.push(...validateMeta(event.metadata, SUBDOMAIN_NAME), ...seriesErrors(event));
  if (existing !== undefined) return [...errors, ...immutableErrors(event, existing)];
  if (!isSet(event.eventTime)) errors.push(required('eventTime'));
  const type = stringOf(event.type);
  if (type !== 'Normal' && type !== 'Warning') errors.push(invalid('type', '', `has invalid value: ${type}`));
  const unset = ['firstTimestamp', 'lastTimestamp', 'count'].filter((field) => isSet(event[field]));
  if (Object.keys(objectOf(event.source)).length > 0) unset.push('source');
  return [...errors, ...unset.map((field) => invalid(field, '', 'needs to be unset'))];
}

function isSet(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null && value !== 0;
}

function commonErrors(event: ApiObject, isCore: boolean): FieldError[] {
  const namespace = event.metadata.namespace ?? '';
  const involved = stringOf(objectOf(event.involvedObject).namespace);
  const isNew = isSet(event.eventTime);
  const agrees =
    involved === ''
      ? namespace === 'default' || (isNew && namespace === 'kube-system')
      : isNew || involved === namespace;
  const errors = agrees
    ? []
    : [invalid('involvedObject.namespace', involved, 'does not match event.namespace')];
  if (!isNew) return errors;
  const controller = stringOf(event.reportingComponent);
  const field = isCore ? 'reportingComponent' : 'reportingController';
  if (controller === '') errors.push(required(field));
  errors.push(
    ...qualifiedNameProblems(controller).map((problem) => invalid(field, controller, problem)),
    ...['reportingInstance', 'action', 'reason'].flatMap((name) => textErrors(name, stringOf(event[name]))),
  );
  if (stringOf(event.message).length > MAX_NOTE_LENGTH) {
    errors.push(invalid('message', '', `can have at most ${MAX_NOTE_LENGTH} characters`));
  }
  return errors;
}

function textErrors(field: string, text: string): FieldError[] {
  if (text === '') return [required(field)];
  if (text.length <= MAX_TEXT_LENGTH) return [];
  return [invalid(field, '', `can have at most ${MAX_TEXT_LENGTH} characters`)];
}

function seriesErrors(event: ApiObject): FieldError[] {
  if (!isObject(event.series)) return [];
  const errors: FieldError[] = [];
  if (numberOf(event.series.count) < 2) errors.push(invalid('series.count', '', 'should be at least 2'));
  if (!isSet(event.series.lastObservedTime)) errors.push(required('series.lastObservedTime'));
  return errors;
}

function immutableErrors(event: ApiObject, existing: ApiObject): FieldError[] {
  return IMMUTABLE.filter((field) => !sameJson(event[field], existing[field])).map((field) =>
    invalid(field, event[field] ?? null, 'field is immutable'),
  );
}
