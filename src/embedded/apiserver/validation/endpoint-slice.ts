import { isIP } from 'node:net';
import { duplicate, type FieldError, invalid, notSupported, required, tooMany } from '../field-error.ts';
import { isObject, type JsonObject, type JsonValue, listOf, objectOf, stringOf } from '../json.ts';
import type { ApiObject } from '../object.ts';
import { canonicalIp, endpointIpProblems, ipProblems } from './addresses.ts';
import { fullyQualifiedProblems, labelProblems, labelValueProblems, subdomainProblems } from './names.ts';
import type { NameRule } from './object-meta.ts';
import { appProtocolErrors, portNameErrors, protocolErrors } from './ports.ts';

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];
const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;
const MAX_PORTS = 20_000;
const MAX_HINTS = 8;

/** pkg/apis/discovery/validation, which does not check port numbers. */
export function validateEndpointSlice(object: ApiObject, existing: ApiObject | undefined): FieldError[] {
  const addressType = stringOf(object.addressType);
  const errors: FieldError[] = [];
  if (existing !== undefined && addressType !== existing.addressType) {
    return [invalid('addressType', addressType, 'field is immutable')];
  }
  if (addressType === '') errors.push(required('addressType'));
  else if (!ADDRESS_TYPES.includes(addressType)) {
    errors.push(notSupported('addressType', addressType, ADDRESS_TYPES));
  }
  return [
    ...errors,
    ...endpointErrors(listOf(object.endpoints).filter(isObject), addressType),
    ...portErrors(listOf(object.ports).filter(isObject)),
  ];
}

function endpointErrors(endpoints: readonly JsonObject[], addressType: string): FieldError[] {
  if (endpoints.length > MAX_ENDPOINTS) return [tooMany('endpoints', endpoints.length, MAX_ENDPOINTS)];
  return endpoints.flatMap((endpoint, index) => {
    const field = `endpoints[${index}]`;
    const addresses = listOf(endpoint.addresses).map(stringOf);
    return [
      ...countErrors(`${field}.addresses`, addresses),
      ...addresses.flatMap((address, at) => addressErrors(`${field}.addresses`, at, address, addressType)),
      ...textErrors(`${field}.nodeName`, endpoint.nodeName, subdomainProblems),
      ...textErrors(`${field}.hostname`, endpoint.hostname, labelProblems),
      ...hintErrors(`${field}.hints`, objectOf(endpoint.hints)),
    ];
  });
}

function countErrors(field: string, addresses: readonly string[]): FieldError[] {
  if (addresses.length === 0) return [required(field, 'must contain at least 1 address')];
  return addresses.length > MAX_ADDRESSES ? [tooMany(field, addresses.length, MAX_ADDRESSES)] : [];
}

function addressErrors(list: string, at: number, address: string, addressType: string): FieldError[] {
  const field = `${list}[${at}]`;
  if (addressType === 'FQDN') {
    return fullyQualifiedProblems(address).map((problem) => invalid(field, address, problem));
  }
  if (addressType !== 'IPv4' && addressType !== 'IPv6') return [];
  const misspelled = ipProblems(field, address);
  if (misspelled.length > 0) return misspelled;
  if (addressType === 'IPv6' && canonicalIp(address) !== address) {
    return [invalid(field, address, `must be in canonical form ("${canonicalIp(address)}")`)];
  }
  if (isIP(address) !== (addressType === 'IPv4' ? 4 : 6)) {
    // The field path is that of the list, as in the real API server.
    return [invalid(list, address, `must be an ${addressType} address`)];
  }
  return endpointIpProblems(field, address);
}

function textErrors(field: string, value: JsonValue | undefined, problems: NameRule): FieldError[] {
  if (typeof value !== 'string') return [];
  return problems(value).map((problem) => invalid(field, value, problem));
}

function hintErrors(field: string, hints: JsonObject): FieldError[] {
  return [
    ...hintListErrors(`${field}.forZones`, listOf(hints.forZones), labelValueProblems),
    ...hintListErrors(`${field}.forNodes`, listOf(hints.forNodes), subdomainProblems),
  ];
}

function hintListErrors(field: string, list: readonly JsonValue[], problems: NameRule): FieldError[] {
  if (list.length > MAX_HINTS) return [tooMany(field, list.length, MAX_HINTS)];
  const seen = new Set<string>();
  return list.flatMap((hint, index) => {
    const name = stringOf(objectOf(hint).name);
    const at = `${field}[${index}].name`;
    const repeated = seen.has(name) ? [duplicate(at, name)] : [];
    seen.add(name);
    return [...repeated, ...problems(name).map((problem) => invalid(at, name, problem))];
  });
}

function portErrors(ports: readonly JsonObject[]): FieldError[] {
  if (ports.length > MAX_PORTS) return [tooMany('ports', ports.length, MAX_PORTS)];
  const seen = new Set<string>();
  return ports.flatMap((port, index) => {
    const field = `ports[${index}]`;
    const name = stringOf(port.name);
    const repeated = seen.has(name) ? [duplicate(`${field}.name`, name)] : [];
    seen.add(name);
    return [
      ...portNameErrors(`${field}.name`, name, false),
      ...repeated,
      ...protocolErrors(`${field}.protocol`, stringOf(port.protocol)),
      ...appProtocolErrors(`${field}.appProtocol`, port.appProtocol),
    ];
  });
}

export function endpointSliceWarnings(object: ApiObject, existing: ApiObject | undefined): string[] {
  const isNew = existing === undefined && object.addressType === 'FQDN';
  return isNew ? ['spec.addressType: FQDN endpoints are deprecated'] : [];
}
