import type { ListScope } from '../cluster/object-store.ts';
import type { ConfigMapReference } from '../config/config-map-reference.ts';
import type { GivenList, SourceFailure, SourcePart } from '../config/source.ts';
import type { KubeObject } from '../manifest/kube-object.ts';

export interface ListConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

const LIST_KEY = /\.(ya?ml|json)$/;

/** The limit of ConfigMaps for one label selector. Each may hold 1 MiB. */
const MAX_CONFIG_MAPS = 1_000;

/** The parts of the list in these objects, in a stable order. A missing ConfigMap or key is a part with a reason. */
export function partsOf(
  reference: ConfigMapReference,
  found: readonly ListConfigMap[],
): readonly SourcePart[] {
  const list: GivenList = { given: `configmap ${reference.text}`, name: reference.text };
  return readParts(reference, found).map((part) => ({ ...part, list }));
}

function readParts(reference: ConfigMapReference, found: readonly ListConfigMap[]): readonly SourcePart[] {
  const { choice, namespace, text } = reference;
  const objects = found.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  if (choice.kind === 'name') {
    const [object] = objects;
    if (object === undefined) {
      const source = `configmap ${namespace}/${choice.name}${choice.key === undefined ? '' : `[${choice.key}]`}`;
      return [failed(source, 'NotFound', 'there is no such ConfigMap')];
    }
    return choice.key === undefined ? listsIn(object) : [partAt(object, choice.key)];
  }
  if (objects.length > MAX_CONFIG_MAPS) {
    const message = `${objects.length} ConfigMaps match; ${MAX_CONFIG_MAPS} are read at most`;
    return [failed(`configmap ${text}`, 'TooManyFiles', message)];
  }
  const parts = objects.flatMap(listsIn);
  return parts.length > 0 ? parts : [failed(`configmap ${text}`, 'NoListFiles', 'no ConfigMap matches')];
}

/** The scope of the list request. */
export function scopeOf({ namespace, choice }: ConfigMapReference): ListScope {
  return choice.kind === 'name'
    ? { namespace, fieldSelector: `metadata.name=${choice.name}` }
    : { namespace, labelSelector: choice.labelSelector };
}

/** All keys whose names end like a list file. */
function listsIn(object: ListConfigMap): SourcePart[] {
  const keys = [...Object.keys(object.data ?? {}), ...Object.keys(object.binaryData ?? {})];
  const lists = keys.filter((key) => LIST_KEY.test(key)).toSorted();
  if (lists.length > 0) return lists.map((key) => partAt(object, key));
  return [failed(configMapName(object), 'NoListFiles', 'it has no key that ends in .yaml, .yml or .json')];
}

function partAt(object: ListConfigMap, key: string): SourcePart {
  const source = `${configMapName(object)}[${key}]`;
  const text = object.data?.[key];
  if (text !== undefined) return { ok: true, source, text };
  if (object.binaryData?.[key] !== undefined) {
    return failed(source, 'NotText', 'it is binary data; write the list as text under data');
  }
  return failed(source, 'NotFound', 'the ConfigMap has no such key');
}

/** The name in messages: `configmap NAMESPACE/NAME`. */
export function configMapName({ metadata }: KubeObject): string {
  return `configmap ${metadata.namespace ?? ''}/${metadata.name}`;
}

function failed(source: string, reason: SourceFailure, message: string): SourcePart {
  return { ok: false, source, reason, message };
}
