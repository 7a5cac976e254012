import type { ConfigMapReference } from '../../config/config-map-reference.ts';
import type { SourceFailure, SourcePart } from '../../config/source.ts';
import type { KubeObject } from '../../manifest/kube-object.ts';
import type { ApiFailure, ListScope } from '../cluster/object-store.ts';
import { Reflector, type ReflectorPorts } from '../cluster/reflector.ts';
import type { ListSource } from './list-source.ts';

interface ConfigMapObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
  readonly binaryData?: Readonly<Record<string, string>>;
}

const LIST_KEY = /\.(ya?ml|json)$/;

/** Of the ConfigMaps that a label selector finds; each may hold 1 MiB. */
const MAX_CONFIG_MAPS = 1_000;

/** A part of the list in a ConfigMap, or in each of several, followed through the API. */
export class ConfigMapSource implements ListSource {
  readonly name: string;
  private readonly ports: ReflectorPorts;
  private readonly reference: ConfigMapReference;
  private readonly onTrouble: (failure: ApiFailure) => void;
  private readonly found = new Map<string, ConfigMapObject>();

  constructor(
    ports: ReflectorPorts,
    reference: ConfigMapReference,
    onTrouble: (failure: ApiFailure) => void,
  ) {
    this.name = `configmap ${reference.text}`;
    this.ports = ports;
    this.reference = reference;
    this.onTrouble = onTrouble;
  }

  /** Where a part comes from, for an Event about it. */
  objectOf(part: string): KubeObject | undefined {
    return [...this.found.values()].find(
      (each) => part === sourceOf(each) || part.startsWith(`${sourceOf(each)}[`),
    );
  }

  async run(onParts: (parts: readonly SourcePart[]) => void, signal: AbortSignal): Promise<void> {
    const tell = () => onParts(this.parts());
    const reflector: Reflector = new Reflector(this.ports, {
      kind: 'ConfigMap',
      scope: scopeOf(this.reference),
      onReplace: (items) => {
        this.found.clear();
        for (const item of items) this.found.set(item.metadata.name, item);
        tell();
      },
      onUpsert: (object) => {
        this.found.set(object.metadata.name, object);
        tell();
      },
      onDelete: (object) => {
        this.found.delete(object.metadata.name);
        tell();
      },
      onTrouble: (failure) => {
        this.onTrouble(failure);
        // Rights may come later; until then the list is known not to be all.
        if (failure.reason === 'Forbidden' && !reflector.synced) {
          onParts([failed(this.name, 'PermissionDenied', failure.message)]);
        }
      },
    });
    await reflector.run(signal);
  }

  private parts(): readonly SourcePart[] {
    const { choice, namespace } = this.reference;
    const objects = [...this.found.values()].toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
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
      return [failed(this.name, 'TooManyFiles', message)];
    }
    const parts = objects.flatMap(listsIn);
    return parts.length > 0 ? parts : [failed(this.name, 'NoListFiles', 'no ConfigMap matches')];
  }
}

function scopeOf({ namespace, choice }: ConfigMapReference): ListScope {
  return choice.kind === 'name'
    ? { namespace, fieldSelector: `metadata.name=${choice.name}` }
    : { namespace, labelSelector: choice.labelSelector };
}

/** Every key that is named like a list. */
function listsIn(object: ConfigMapObject): SourcePart[] {
  const keys = [...Object.keys(object.data ?? {}), ...Object.keys(object.binaryData ?? {})];
  const lists = keys.filter((key) => LIST_KEY.test(key)).toSorted();
  if (lists.length > 0) return lists.map((key) => partAt(object, key));
  return [failed(sourceOf(object), 'NoListFiles', 'it has no key that ends in .yaml, .yml or .json')];
}

function partAt(object: ConfigMapObject, key: string): SourcePart {
  const source = `${sourceOf(object)}[${key}]`;
  const text = object.data?.[key];
  if (text !== undefined) return { ok: true, source, text };
  if (object.binaryData?.[key] !== undefined) {
    return failed(source, 'NotText', 'it is binary data; a list is text, under data');
  }
  return failed(source, 'NotFound', 'the ConfigMap has no such key');
}

function sourceOf({ metadata }: KubeObject): string {
  return `configmap ${metadata.namespace ?? ''}/${metadata.name}`;
}

function failed(source: string, reason: SourceFailure, message: string): SourcePart {
  return { ok: false, source, reason, message };
}
