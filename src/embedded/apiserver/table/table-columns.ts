import { type JsonValue, numberOf, objectOf, stringMapOf, stringOf } from '../json.ts';
import type { Kind } from '../kind.ts';
import { specOf } from '../kinds/service-spec.ts';
import type { ApiObject } from '../object.ts';
import {
  ageOf,
  endpointsOf,
  externalIpsOf,
  firstSeenOf,
  involvedOf,
  lastSeenOf,
  selectorOf,
  servicePortsOf,
  sliceAddressesOf,
  slicePortsOf,
  sourceOf,
} from './cells.ts';

/** A column of `kubectl get` (pkg/printers/internalversion/printers.go). */
export interface Column {
  readonly name: string;
  readonly type: 'string';
  readonly format: '' | 'name';
  /** 0: always shown; 1: with `-o wide`. */
  readonly priority: 0 | 1;
  cell(object: ApiObject, wallNowMs: number): JsonValue;
}

function column(name: string, cell: Column['cell'], priority: 0 | 1 = 0): Column {
  return { name, type: 'string', format: name === 'Name' ? 'name' : '', priority, cell };
}

const NAME = column('Name', (object) => object.metadata.name);
const AGE = column('Age', (object, nowMs) => ageOf(object.metadata.creationTimestamp, nowMs));

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  services: [
    NAME,
    column('Type', (object) => stringOf(specOf(object).type)),
    column('Cluster-IP', (object) => stringOf(specOf(object).clusterIP) || '<none>'),
    column('External-IP', (object) => externalIpsOf(object)),
    column('Port(s)', (object) => servicePortsOf(specOf(object))),
    AGE,
    column('Selector', (object) => selectorOf(specOf(object)), 1),
  ],
  endpoints: [NAME, column('Endpoints', (object) => endpointsOf(object)), AGE],
  endpointslices: [
    NAME,
    column('AddressType', (object) => stringOf(object.addressType)),
    column('Ports', (object) => slicePortsOf(object)),
    column('Endpoints', (object) => sliceAddressesOf(object)),
    AGE,
  ],
  configmaps: [
    NAME,
    column(
      'Data',
      (object) => Object.keys({ ...stringMapOf(object.data), ...stringMapOf(object.binaryData) }).length,
    ),
    AGE,
  ],
  leases: [NAME, column('Holder', (object) => stringOf(specOf(object).holderIdentity)), AGE],
  namespaces: [NAME, column('Status', (object) => stringOf(objectOf(object.status).phase)), AGE],
  events: [
    column('Last Seen', (object, nowMs) => ageOf(lastSeenOf(object), nowMs)),
    column('Type', (object) => stringOf(object.type)),
    column('Reason', (object) => stringOf(object.reason)),
    column('Object', (object) => involvedOf(object)),
    column('Subobject', (object) => stringOf(objectOf(object.involvedObject).fieldPath), 1),
    column('Source', (object) => sourceOf(object), 1),
    column('Message', (object) => stringOf(object.message).trim()),
    column('First Seen', (object, nowMs) => ageOf(firstSeenOf(object), nowMs), 1),
    column('Count', (object) => numberOf(objectOf(object.series).count) || numberOf(object.count) || 1, 1),
    { ...NAME, priority: 1 },
  ],
};

export function columnsOf(kind: Kind): readonly Column[] {
  return COLUMNS[kind.storage] ?? [NAME, AGE];
}
