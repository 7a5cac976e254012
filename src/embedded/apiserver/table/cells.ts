import { isObject, type JsonObject, listOf, numberOf, objectOf, stringMapOf, stringOf } from '../json.ts';
import { specOf } from '../kinds/service-spec.ts';
import type { ApiObject } from '../object.ts';

/** The cells of `kubectl get` (pkg/printers/internalversion/printers.go). */

/** Upper bound on addresses or ports in a cell. */
const MAX_SHOWN = 3;

export function externalIpsOf(service: ApiObject): string {
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

export function servicePortsOf(spec: JsonObject): string {
  const ports = listOf(spec.ports)
    .filter(isObject)
    .map(({ port, nodePort, protocol }) => {
      const outside = numberOf(nodePort) === 0 ? '' : `:${numberOf(nodePort)}`;
      return `${numberOf(port)}${outside}/${stringOf(protocol)}`;
    });
  return ports.length === 0 ? '<none>' : ports.join(',');
}

export function selectorOf(spec: JsonObject): string {
  const pairs = Object.entries(stringMapOf(spec.selector)).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.join(',');
}

export function endpointsOf(endpoints: ApiObject): string {
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

export function slicePortsOf(slice: ApiObject): string {
  const ports = listOf(slice.ports).filter(isObject);
  if (ports.length === 0) return '<unset>';
  return shortened(ports.map(({ name, port }) => (typeof port === 'number' ? String(port) : stringOf(name))));
}

export function sliceAddressesOf(slice: ApiObject): string {
  const endpoints = listOf(slice.endpoints).filter(isObject);
  if (endpoints.length === 0) return '<unset>';
  return shortened(endpoints.flatMap(({ addresses }) => listOf(addresses).map(stringOf)));
}

function shortened(texts: readonly string[]): string {
  const rest = texts.length - MAX_SHOWN;
  const shown = texts.slice(0, MAX_SHOWN).join(',');
  return rest > 0 ? `${shown} + ${rest} more...` : shown;
}

export function lastSeenOf(event: ApiObject): string {
  const observed = stringOf(objectOf(event.series).lastObservedTime);
  return observed || stringOf(event.lastTimestamp) || firstSeenOf(event);
}

export function firstSeenOf(event: ApiObject): string {
  return stringOf(event.firstTimestamp) || stringOf(event.eventTime);
}

export function involvedOf(event: ApiObject): string {
  const { kind, name } = objectOf(event.involvedObject);
  return `${stringOf(kind).toLowerCase()}/${stringOf(name)}`;
}

export function sourceOf(event: ApiObject): string {
  const { component, host } = objectOf(event.source);
  const from = [
    stringOf(component) || stringOf(event.reportingComponent),
    stringOf(host) || stringOf(event.reportingInstance),
  ];
  return from.filter((part) => part !== '').join(', ');
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
