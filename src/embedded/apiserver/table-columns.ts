import {
  isObject,
  type JsonObject,
  type JsonValue,
  listOf,
  numberOf,
  objectOf,
  stringMapOf,
  stringOf,
} from './json.ts';
import type { Kind } from './kind.ts';
import { specOf } from './kinds/service-spec.ts';
import type { ApiObject } from './object.ts';

/** A column of `kubectl get` (pkg/printers/internalversion/printers.go). */
export interface Column {
  readonly name: string;
  readonly type: 'string';
  readonly format: '' | 'name';
  /** 0: always shown; 1: with `-o wide`. */
  readonly priority: 0 | 1;
  cell(object: ApiObject, wallNowMs: number): JsonValue;
}

/** How many addresses or ports a cell shows. */
const MAX_SHOWN = 3;

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

/** `5s`, `3m20s`, `26h`, `9d`: apimachinery's duration.HumanDuration. */
export function ageOf(time: string, wallNowMs: number): string {
  if (time === '') return '<unknown>';
  const seconds = Math.floor((wallNowMs - Date.parse(time)) / 1000);
  if (seconds < 0) return seconds < -1 ? '<invalid>' : '0s';
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(seconds / 3600);
  const days = Math.floor(hours / 24);
  const years = Math.floor(days / 365);
  if (seconds < 120) return `${seconds}s`;
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (years < 2) return `${days}d`;
  return years < 8 ? two(years, 'y', days % 365, 'd') : `${years}y`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${largeUnit}` : `${large}${largeUnit}${small}${smallUnit}`;
}

function externalIpsOf(service: ApiObject): string {
  const spec = specOf(service);
  const ips = listOf(spec.externalIPs).map(stringOf);
  if (spec.type === 'ExternalName') return stringOf(spec.externalName);
  if (spec.type !== 'LoadBalancer') return ips.length === 0 ? '<none>' : ips.join(',');
  const ingress = listOf(objectOf(objectOf(service.status).loadBalancer).ingress).map((one) => {
    const { ip, hostname } = objectOf(one);
    return stringOf(ip) || stringOf(hostname);
  });
  const all = [...ingress, ...ips];
  return all.length === 0 ? '<pending>' : all.join(',');
}

function servicePortsOf(spec: JsonObject): string {
  const ports = listOf(spec.ports)
    .filter(isObject)
    .map(({ port, nodePort, protocol }) => {
      const outside = numberOf(nodePort) === 0 ? '' : `:${numberOf(nodePort)}`;
      return `${numberOf(port)}${outside}/${stringOf(protocol)}`;
    });
  return ports.length === 0 ? '<none>' : ports.join(',');
}

function selectorOf(spec: JsonObject): string {
  const pairs = Object.entries(stringMapOf(spec.selector)).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.join(',');
}

function endpointsOf(endpoints: ApiObject): string {
  const subsets = listOf(endpoints.subsets).filter(isObject);
  if (subsets.length === 0) return '<none>';
  const all = subsets.flatMap((subset) => {
    const ips = listOf(subset.addresses).map((address) => stringOf(objectOf(address).ip));
    const ports = listOf(subset.ports).filter(isObject);
    if (ports.length === 0) return ips;
    const bracketed = ips.map((ip) => (ip.includes(':') ? `[${ip}]` : ip));
    return ports.flatMap(({ port }) => bracketed.map((ip) => `${ip}:${numberOf(port)}`));
  });
  return shortened(all);
}

function slicePortsOf(slice: ApiObject): string {
  const ports = listOf(slice.ports).filter(isObject);
  if (ports.length === 0) return '<unset>';
  return shortened(ports.map(({ name, port }) => (typeof port === 'number' ? String(port) : stringOf(name))));
}

function sliceAddressesOf(slice: ApiObject): string {
  const endpoints = listOf(slice.endpoints).filter(isObject);
  if (endpoints.length === 0) return '<unset>';
  return shortened(endpoints.flatMap(({ addresses }) => listOf(addresses).map(stringOf)));
}

function shortened(texts: readonly string[]): string {
  const rest = texts.length - MAX_SHOWN;
  const shown = texts.slice(0, MAX_SHOWN).join(',');
  return rest > 0 ? `${shown} + ${rest} more...` : shown;
}

function lastSeenOf(event: ApiObject): string {
  const observed = stringOf(objectOf(event.series).lastObservedTime);
  return observed || stringOf(event.lastTimestamp) || firstSeenOf(event);
}

function firstSeenOf(event: ApiObject): string {
  return stringOf(event.firstTimestamp) || stringOf(event.eventTime);
}

function involvedOf(event: ApiObject): string {
  const { kind, name } = objectOf(event.involvedObject);
  return `${stringOf(kind).toLowerCase()}/${stringOf(name)}`;
}

function sourceOf(event: ApiObject): string {
  const { component, host } = objectOf(event.source);
  const from = [
    stringOf(component) || stringOf(event.reportingComponent),
    stringOf(host) || stringOf(event.reportingInstance),
  ];
  return from.filter((part) => part !== '').join(', ');
}
