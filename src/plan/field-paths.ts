import type { FieldsV1, KubeObject, ManagedFieldsEntry } from '../manifest/kube-object.ts';

/**
 * An object as a flat list of the fields that server-side apply tracks one by one, each under the path
 * that `managedFields` gives it (`f:spec/f:ports/k:{"port":5432,"protocol":"TCP"}/f:name`).
 *
 * Which lists are one field and which are many follows the API types: Service ports are a map by port and
 * protocol, ownerReferences a map by uid; Endpoints subsets and a slice's endpoints and ports are atomic
 * (`core/v1/types.go:5985,6436`, `discovery/v1/types.go:59,98`).
 */
export function fieldsOf(object: KubeObject): ReadonlyMap<string, unknown> {
  const fields = new Map<string, unknown>();
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  addMap(fields, 'f:metadata/f:labels', metadata.labels);
  addMap(fields, 'f:metadata/f:annotations', metadata.annotations);
  for (const reference of metadata.ownerReferences ?? []) {
    fields.set(`f:metadata/f:ownerReferences/k:${JSON.stringify({ uid: reference.uid })}`, reference);
  }
  for (const [name, value] of Object.entries(rest)) {
    if (name === 'status') continue;
    if (name === 'spec') addSpec(fields, value as Record<string, unknown>);
    else if (value !== undefined && value !== null) fields.set(`f:${name}`, value);
  }
  return fields;
}

function addMap(
  fields: Map<string, unknown>,
  path: string,
  map: Readonly<Record<string, string>> | undefined,
) {
  for (const [key, value] of Object.entries(map ?? {})) fields.set(`${path}/f:${key}`, value);
}

function addSpec(fields: Map<string, unknown>, spec: Readonly<Record<string, unknown>>) {
  for (const [name, value] of Object.entries(spec)) {
    if (value === undefined || value === null) continue;
    if (name !== 'ports') {
      fields.set(`f:spec/f:${name}`, value);
      continue;
    }
    for (const port of value as { port: number; protocol?: string }[]) {
      const item = `f:spec/f:ports/k:${JSON.stringify({ port: port.port, protocol: port.protocol ?? 'TCP' })}`;
      for (const [field, content] of Object.entries(port)) fields.set(`${item}/f:${field}`, content);
    }
  }
}

/** The paths that one `managedFields` entry owns, in the notation of {@link fieldsOf}. */
export function pathsOwnedBy(entry: ManagedFieldsEntry): ReadonlySet<string> {
  const paths = new Set<string>();
  collectPaths(entry.fieldsV1 ?? {}, '', paths);
  return paths;
}

function collectPaths(node: FieldsV1, prefix: string, paths: Set<string>) {
  for (const [segment, child] of Object.entries(node)) {
    if (segment === '.') continue;
    const path = prefix === '' ? segment : `${prefix}/${segment}`;
    // An owner reference is compared as a whole, though its fields are listed one by one.
    const whole = /^f:metadata\/f:ownerReferences\/k:/.test(path);
    const hasChildren = Object.keys(child).some((each) => each !== '.');
    if (!whole && hasChildren) collectPaths(child, path, paths);
    else paths.add(path);
  }
}

/** `f:spec/f:ports/k:{"port":80,"protocol":"TCP"}/f:name` as people write it: `spec.ports[80/TCP].name`. */
export function readablePath(path: string): string {
  return path
    .replace(/\/k:\{"port":(\d+),"protocol":"(\w+)"\}/g, '[$1/$2]')
    .replace(/\/k:\{"uid":"([^"]*)"\}/g, '[$1]')
    .replace(/^f:/, '')
    .replaceAll('/f:', '.');
}
