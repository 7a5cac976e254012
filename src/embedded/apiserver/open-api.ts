import { KINDS } from './registry.ts';

/**
 * The OpenAPI document for kubectl: Swagger 2.0 in protobuf (gnostic's openapi_v2.Document). It lists the parameters
 * `dryRun` and `fieldValidation` of PATCH for each kind, because kubectl looks for them. It has no schemas, so
 * kubectl leaves validation to the server.
 */
export function openApiDocument(): Buffer {
  const info = message(text(1, 'Kubernetes'), text(2, 'v1.36.2'));
  const paths = KINDS.map((kind) => {
    const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
    const scope = kind.namespaced ? '/namespaces/{namespace}' : '';
    const item = message(field(8, patchOperation(kind)));
    return field(2, message(text(1, `${root}${scope}/${kind.resource}/{name}`), field(2, item)));
  });
  return message(text(1, '2.0'), field(2, info), field(8, message(...paths)));
}

export const OPEN_API_MEDIA_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

function patchOperation(kind: { group: string; version: string; kind: string }): Buffer {
  const parameters = ['dryRun', 'fieldManager', 'fieldValidation', 'force'].map((name) => {
    const query = message(text(2, 'query'), text(4, name), text(6, 'string'));
    // ParametersItem → Parameter → NonBodyParameter → QueryParameterSubSchema.
    return field(8, message(field(1, message(field(2, message(field(3, query)))))));
  });
  const yaml = `group: "${kind.group}"\nkind: ${kind.kind}\nversion: ${kind.version}\n`;
  const extension = message(text(1, 'x-kubernetes-group-version-kind'), field(2, message(text(2, yaml))));
  return message(...parameters, field(13, extension));
}

function message(...fields: Buffer[]): Buffer {
  return Buffer.concat(fields);
}

function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}

/** A length-delimited field of the protobuf wire format. */
function field(number: number, value: Buffer): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(value.length), value]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
