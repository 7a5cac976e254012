import { type FieldError, invalid, notSupported, required } from '../field-error.ts';
import type { JsonValue } from '../json.ts';
import { labelProblems, qualifiedNameProblems } from './names.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

/** Rules that ports of Services, Endpoints and EndpointSlices share. */
export function portNumberErrors(field: string, port: number): FieldError[] {
  return port >= 1 && port <= 65_535 ? [] : [invalid(field, port, 'must be between 1 and 65535, inclusive')];
}

export function protocolErrors(field: string, protocol: string): FieldError[] {
  if (protocol === '') return [required(field)];
  return PROTOCOLS.includes(protocol) ? [] : [notSupported(field, protocol, PROTOCOLS)];
}

export function portNameErrors(field: string, name: string, needed: boolean): FieldError[] {
  if (name === '') return needed ? [required(field)] : [];
  return labelProblems(name).map((problem) => invalid(field, name, problem));
}

export function appProtocolErrors(field: string, appProtocol: JsonValue | undefined): FieldError[] {
  if (typeof appProtocol !== 'string') return [];
  return qualifiedNameProblems(appProtocol).map((problem) => invalid(field, appProtocol, problem));
}
