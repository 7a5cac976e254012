import type { ApiFailure } from '../cluster/object-store.ts';
import { Reflector, type ReflectorPorts } from '../cluster/reflector.ts';
import type { ConfigMapReference } from '../config/config-map-reference.ts';
import type { SourcePart } from '../config/source.ts';
import type { KubeObject } from '../manifest/kube-object.ts';
import { configMapName, type ListConfigMap, partsOf, scopeOf } from './config-map-parts.ts';
import type { ListSource } from './list-source.ts';

/** Watches one ConfigMap, or several by a label selector, and gives their parts of the list. */
export class ConfigMapSource implements ListSource {
  readonly name: string;
  readonly #ports: ReflectorPorts;
  readonly #reference: ConfigMapReference;
  readonly #onTrouble: (failure: ApiFailure) => void;
  readonly #found = new Map<string, ListConfigMap>();

  constructor(
    ports: ReflectorPorts,
    reference: ConfigMapReference,
    onTrouble: (failure: ApiFailure) => void,
  ) {
    this.name = `configmap ${reference.text}`;
    this.#ports = ports;
    this.#reference = reference;
    this.#onTrouble = onTrouble;
  }

  /** The object of an Event about a part. */
  objectOf(part: string): KubeObject | undefined {
    return [...this.#found.values()].find(
      (each) => part === configMapName(each) || part.startsWith(`${configMapName(each)}[`),
    );
  }

  async run(onParts: (parts: readonly SourcePart[]) => void, signal: AbortSignal): Promise<void> {
    const report = () => onParts(partsOf(this.#reference, [...this.#found.values()]));
    const reflector: Reflector = new Reflector(this.#ports, {
      kind: 'ConfigMap',
      scope: scopeOf(this.#reference),
      onReplace: (items) => {
        this.#found.clear();
        for (const item of items) this.#found.set(item.metadata.name, item);
        report();
      },
      onUpsert: (object) => {
        this.#found.set(object.metadata.name, object);
        report();
      },
      onDelete: (object) => {
        this.#found.delete(object.metadata.name);
        report();
      },
      onTrouble: (failure) => {
        this.#onTrouble(failure);
        // The right may be granted later. Until then the list is known to be incomplete.
        if (failure.reason === 'Forbidden' && !reflector.synced) {
          const { text: name } = this.#reference;
          const list = { given: this.name, name };
          onParts([
            { ok: false, source: this.name, list, reason: 'PermissionDenied', message: failure.message },
          ]);
        }
      },
    });
    await reflector.run(signal);
  }
}
