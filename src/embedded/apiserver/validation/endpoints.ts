import { type FieldError, invalid, required } from '../field-error.ts';
import { isObject, type JsonObject, listOf, numberOf, sameJson, stringOf } from '../json.ts';
import type { ApiObject } from '../object.ts';
import { endpointIpProblems, ipProblems, ipWarnings } from './addresses.ts';
import { labelProblems, subdomainProblems } from './names.ts';
import { appProtocolErrors, portNameErrors, portNumberErrors, protocolErrors } from './ports.ts';

/** `ValidateEndpoints` of pkg/apis/core/validation. Unchanged subsets are not validated again. */
export function validateEndpoints(object: ApiObject, existing: ApiObject | undefined): FieldError[] {
  if (existing !== undefined && sameJson(object.subsets, existing.subsets)) return [];
  return listOf(object.subsets)
    .filter(isObject)
    .flatMap((subset, index) => subsetErrors(`subsets[${index}]`, subset));
}

function subsetErrors(field: string, subset: JsonObject): FieldError[] {
  const errors: FieldError[] = [];
  const ready = listOf(subset.addresses).filter(isObject);
  const notReady = listOf(subset.notReadyAddresses).filter(isObject);
  if (ready.length === 0 && notReady.length === 0) {
    errors.push(required(field, 'must specify `addresses` or `notReadyAddresses`'));
  }
  for (const [index, one] of ready.entries())
    errors.push(...addressErrors(`${field}.addresses[${index}]`, one));
  for (const [index, one] of notReady.entries()) {
    errors.push(...addressErrors(`${field}.notReadyAddresses[${index}]`, one));
  }
  const ports = listOf(subset.ports).filter(isObject);
  for (const [index, port] of ports.entries()) {
    const at = `${field}.ports[${index}]`;
    errors.push(
      ...portNameErrors(`${at}.name`, stringOf(port.name), ports.length > 1),
      ...portNumberErrors(`${at}.port`, numberOf(port.port)),
      ...protocolErrors(`${at}.protocol`, stringOf(port.protocol)),
      ...appProtocolErrors(`${at}.appProtocol`, port.appProtocol),
    );
  }
  return errors;
}

function addressErrors(field: string, address: JsonObject): FieldError[] {
  const ip = stringOf(address.ip);
  const errors = ipProblems(`${field}.ip`, ip);
  const { hostname, nodeName } = address;
  if (typeof hostname === 'string') {
    errors.push(...labelProblems(hostname).map((problem) => invalid(`${field}.hostname`, hostname, problem)));
  }
  if (typeof nodeName === 'string') {
    errors.push(
      ...subdomainProblems(nodeName).map((problem) => invalid(`${field}.nodeName`, nodeName, problem)),
    );
  }
  // A wrong spelling is reported once, an invalid address twice, as in the real API server.
  const misspelled = errors[0]?.message.includes('must not ') === true;
  return misspelled ? errors : [...errors, ...endpointIpProblems(`${field}.ip`, ip)];
}

export function endpointsWarnings(object: ApiObject, existing: ApiObject | undefined): string[] {
  if (existing !== undefined && sameJson(object.subsets, existing.subsets)) return [];
  return listOf(object.subsets)
    .filter(isObject)
    .flatMap((subset, at) =>
      ['addresses', 'notReadyAddresses'].flatMap((list) =>
        listOf(subset[list])
          .filter(isObject)
          .flatMap((address, index) =>
            ipWarnings(`subsets[${at}].${list}[${index}].ip`, stringOf(address.ip)),
          ),
      ),
    );
}
