import { duplicate, type FieldError, forbiddenField, invalid, required } from '../field-error.ts';
import { isObject, type JsonObject, type JsonValue, listOf, numberOf, stringOf } from '../json.ts';
import { isHeadless } from '../kinds/service-spec.ts';
import { portNameProblems } from './names.ts';
import { appProtocolErrors, portNameErrors, portNumberErrors, protocolErrors } from './ports.ts';

export function missingPorts(spec: JsonObject): FieldError[] {
  const needed = !isHeadless(spec) && spec.type !== 'ExternalName';
  return needed && listOf(spec.ports).length === 0 ? [required('spec.ports')] : [];
}

export function portListErrors(spec: JsonObject): FieldError[] {
  const ports = listOf(spec.ports).filter(isObject);
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const keys = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const field = `spec.ports[${index}]`;
    errors.push(...portErrors(field, port, ports.length > 1, names));
    if (spec.type === 'ClusterIP' && numberOf(port.nodePort) !== 0) {
      errors.push(forbiddenField(`${field}.nodePort`, "may not be used when `type` is 'ClusterIP'"));
    }
    const key = `${stringOf(port.protocol)}/${numberOf(port.port)}`;
    if (keys.has(key)) errors.push(duplicate(field, duplicateShown(port)));
    keys.add(key);
  }
  return errors;
}

/** The Go struct in the message: only the key fields are set. */
function duplicateShown(port: JsonObject): JsonValue {
  const Protocol = stringOf(port.protocol);
  return { Name: '', Protocol, AppProtocol: null, Port: numberOf(port.port), TargetPort: 0, NodePort: 0 };
}

function portErrors(field: string, port: JsonObject, isOneOfMany: boolean, names: Set<string>): FieldError[] {
  const name = stringOf(port.name);
  const errors = portNameErrors(`${field}.name`, name, isOneOfMany);
  if (name !== '' && names.has(name)) errors.push(duplicate(`${field}.name`, name));
  names.add(name);
  errors.push(
    ...portNumberErrors(`${field}.port`, numberOf(port.port)),
    ...protocolErrors(`${field}.protocol`, stringOf(port.protocol)),
  );
  const { targetPort } = port;
  if (typeof targetPort === 'number') errors.push(...portNumberErrors(`${field}.targetPort`, targetPort));
  else {
    const text = stringOf(targetPort);
    errors.push(...portNameProblems(text).map((problem) => invalid(`${field}.targetPort`, text, problem)));
  }
  return [...errors, ...appProtocolErrors(`${field}.appProtocol`, port.appProtocol)];
}
