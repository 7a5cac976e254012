import { type JsonObject, objectOf, stringOf } from '../json.ts';
import { COMMON, type Kind } from '../kind.ts';
import type { ApiObject } from '../object.ts';
import { kind, objectReference } from '../schema/common-schemas.ts';
import { normalize } from '../schema/normalize.ts';
import { always, int32, microTime, pointer, string, struct, time } from '../schema/schema.ts';
import { validateEvent } from '../validation/event.ts';

const eventSource = struct('EventSource', { component: string, host: string });

const coreEventSchema = kind('Event', {
  involvedObject: objectReference,
  reason: string,
  message: string,
  source: eventSource,
  firstTimestamp: always(time),
  lastTimestamp: always(time),
  count: int32,
  type: string,
  eventTime: always(microTime),
  series: pointer(struct('EventSeries', { count: int32, lastObservedTime: microTime })),
  action: string,
  related: pointer(objectReference),
  reportingComponent: always(string),
  reportingInstance: always(string),
});

const eventSchema = kind('Event', {
  eventTime: always(microTime),
  series: pointer(struct('EventSeries', { count: always(int32), lastObservedTime: always(microTime) })),
  reportingController: string,
  reportingInstance: string,
  action: string,
  reason: string,
  regarding: objectReference,
  related: pointer(objectReference),
  note: string,
  type: string,
  deprecatedSource: eventSource,
  deprecatedFirstTimestamp: always(time),
  deprecatedLastTimestamp: always(time),
  deprecatedCount: int32,
});

/** Fields of `events.k8s.io/v1` that have another name in the core Event. */
const RENAMED: readonly (readonly [core: string, event: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

const EVENT = {
  ...COMMON,
  kind: 'Event',
  resource: 'events',
  singular: 'event',
  shortNames: ['ev'],
  storageVersionHash: 'r2yiGXH7wu8=',
  storage: 'events',
  createsOnUpdate: true,
  // The validation of Events checks the metadata itself.
  nameRule: () => [],
  selectableFields,
};

/** pkg/registry/core/event/strategy.go: the stored version. */
export const coreEventKind: Kind = {
  ...EVENT,
  group: '',
  schema: coreEventSchema,
  validate: (object, existing) => validateEvent(object, existing, true),
};

/** The same Events as `events.k8s.io/v1`. */
export const eventKind: Kind = {
  ...EVENT,
  group: 'events.k8s.io',
  schema: eventSchema,
  validate: (object, existing) =>
    validateEvent(toCore(object), existing === undefined ? undefined : toCore(existing), false),
  conversion: { toStored: toCore, fromStored: fromCore },
};

function toCore(object: ApiObject): ApiObject {
  const core = renamed(object, 'v1', (to, from) => [from, to]);
  return normalize(coreEventSchema, core) as ApiObject;
}

function fromCore(object: ApiObject): ApiObject {
  const event = renamed(object, 'events.k8s.io/v1', (from, to) => [from, to]);
  return normalize(eventSchema, event) as ApiObject;
}

function renamed(
  object: ApiObject,
  apiVersion: string,
  direction: (core: string, event: string) => [from: string, to: string],
): ApiObject {
  const result: ApiObject = { ...object, apiVersion };
  for (const [core, event] of RENAMED) {
    const [from, to] = direction(core, event);
    delete result[from];
    if (object[from] !== undefined) result[to] = object[from];
  }
  return result;
}

function selectableFields(object: ApiObject): Record<string, string> {
  const involved = objectOf(object.involvedObject);
  const source: JsonObject = objectOf(object.source);
  const fields: Record<string, string> = {
    reason: stringOf(object.reason),
    reportingComponent: stringOf(object.reportingComponent),
    source: stringOf(source.component) || stringOf(object.reportingComponent),
    type: stringOf(object.type),
  };
  for (const name of ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']) {
    fields[`involvedObject.${name}`] = stringOf(involved[name]);
  }
  return fields;
}
