import type { FieldsV1, KubeObject, ManagedFieldsEntry } from '../../manifest/kube-object.ts';

/**
 * The path of one field: the steps that `managedFields` uses (`f:spec`, `f:ports`,
 * `k:{"port":5432,"protocol":"TCP"}`, `f:name`), joined by a character that no step contains.
 */
export type FieldPath = string & { readonly __brand: 'FieldPath' };

const SEPARATOR = '\n';

export function fieldPath(...steps: readonly string[]): FieldPath {
  return steps.join(SEPARATOR) as FieldPath;
}

export function isWithin(path: FieldPath, prefix: FieldPath): boolean {
  return path === prefix || path.startsWith(prefix + SEPARATOR);
}

export const LABELS = fieldPath('f:metadata', 'f:labels');
export const ANNOTATIONS = fieldPath('f:metadata', 'f:annotations');
const OWNER_REFERENCES = fieldPath('f:metadata', 'f:ownerReferences');
export const SERVICE_PORTS = fieldPath('f:spec', 'f:ports');

/**
 * An object as a flat list of the fields that server-side apply tracks.
 *
 * The API types say which lists are one field and which are many. Service ports are a map by port and protocol,
 * ownerReferences a map by uid. Endpoints subsets and a slice's endpoints and ports are atomic
 * (`core/v1/types.go:5985,6436`, `discovery/v1/types.go:59,98`).
 */
export function fieldsOf(object: KubeObject): ReadonlyMap<FieldPath, unknown> {
  const fields = new Map<FieldPath, unknown>();
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  addMap(fields, LABELS, metadata.labels);
  addMap(fields, ANNOTATIONS, metadata.annotations);
  for (const reference of metadata.ownerReferences ?? []) {
    fields.set(fieldPath(OWNER_REFERENCES, `k:${JSON.stringify({ uid: reference.uid })}`), reference);
  }
  for (const [name, value] of Object.entries(rest)) {
    if (name === 'status') continue;
    if (name === 'spec') addSpec(fields, value as Record<string, unknown>);
    else if (value !== undefined && value !== null) fields.set(fieldPath(`f:${name}`), value);
  }
  return fields;
}

function addMap(
  fields: Map<FieldPath, unknown>,
  path: FieldPath,
  map: Readonly<Record<string, string>> | undefined,
) {
  for (const [key, value] of Object.entries(map ?? {})) fields.set(fieldPath(path, `f:${key}`), value);
}

function addSpec(fields: Map<FieldPath, unknown>, spec: Readonly<Record<string, unknown>>) {
  for (const [name, value] of Object.entries(spec)) {
    if (value === undefined || value === null) continue;
    if (name !== 'ports') {
      fields.set(fieldPath('f:spec', `f:${name}`), value);
      continue;
    }
    for (const port of value as { port: number; protocol?: string }[]) {
      const item = servicePortPath(port);
      for (const [field, content] of Object.entries(port)) fields.set(fieldPath(item, `f:${field}`), content);
    }
  }
}

/** The path of one port of a Service; server-side apply identifies it by port and protocol. */
export function servicePortPath({ port, protocol = 'TCP' }: { port: number; protocol?: string }): FieldPath {
  return fieldPath(SERVICE_PORTS, `k:${JSON.stringify({ port, protocol })}`);
}

/** The path of the port that contains this field. */
export function portItemOf(path: FieldPath): FieldPath {
  const steps = path.split(SEPARATOR);
  return fieldPath(...steps.slice(0, SERVICE_PORTS.split(SEPARATOR).length + 1));
}

/** The paths that one `managedFields` entry owns, as {@link fieldsOf} writes them. */
export function pathsOwnedBy(entry: ManagedFieldsEntry): ReadonlySet<FieldPath> {
  const paths = new Set<FieldPath>();
  collectPaths(entry.fieldsV1 ?? {}, [], paths);
  return paths;
}

function collectPaths(node: FieldsV1, steps: readonly string[], paths: Set<FieldPath>) {
  for (const [step, child] of Object.entries(node)) {
    if (step === '.') continue;
    const path = fieldPath(...steps, step);
    // An owner reference is compared as a whole, although `managedFields` lists its fields.
    const whole = isWithin(path, OWNER_REFERENCES) && path !== OWNER_REFERENCES;
    const hasChildren = Object.keys(child).some((each) => each !== '.');
    if (!whole && hasChildren) collectPaths(child, [...steps, step], paths);
    else paths.add(path);
  }
}

/** The set with these paths added. A list item gets its membership (`.`) too. */
export function withPaths(set: FieldsV1, paths: Iterable<FieldPath>): FieldsV1 {
  let result = set;
  for (const path of paths) result = withSteps(result, path.split(SEPARATOR));
  return result;
}

function withSteps(node: FieldsV1, [step, ...rest]: readonly string[]): FieldsV1 {
  if (step === undefined) return node;
  const child = node[step] ?? (step.startsWith('k:') ? { '.': {} } : {});
  return { ...node, [step]: withSteps(child, rest) };
}

/** The set without these paths and everything below them. Parents that become empty are removed. */
export function withoutPaths(set: FieldsV1, paths: Iterable<FieldPath>): FieldsV1 {
  let result: FieldsV1 = set;
  for (const path of paths) result = withoutSteps(result, path.split(SEPARATOR)) ?? {};
  return result;
}

function withoutSteps(node: FieldsV1, [step, ...rest]: readonly string[]): FieldsV1 | undefined {
  if (step === undefined) return undefined;
  const child = node[step];
  if (child === undefined) return node;
  const remaining = withoutSteps(child, rest);
  const { [step]: _removed, ...others } = node;
  const next = remaining === undefined ? others : { ...node, [step]: remaining };
  return Object.keys(next).every((each) => each === '.') ? undefined : next;
}

/** The path in readable form: `spec.ports[80/TCP].name`. */
export function readablePath(path: FieldPath): string {
  return path
    .split(SEPARATOR)
    .map((step) => {
      const port = /^k:\{"port":(\d+),"protocol":"(\w+)"\}$/.exec(step);
      if (port !== null) return `[${port[1]}/${port[2]}]`;
      const uid = /^k:\{"uid":"([^"]*)"\}$/.exec(step);
      return uid === null ? `.${step.replace(/^f:/, '')}` : `[${uid[1]}]`;
    })
    .join('')
    .replace(/^\./, '');
}
