import type { Kind } from '../kind.ts';
import type { ApiObject, OwnerReference } from '../object.ts';
import { KINDS, kindNamed } from '../registry.ts';
import type { Change } from '../store.ts';
import type { ControllerClient } from './controller-client.ts';

/** Every stored kind once. */
const STORED_KINDS = KINDS.filter((kind) => kind.conversion === undefined);

/**
 * pkg/controller/garbagecollector: deletes an object when its last owner is gone. A foreground deletion waits for
 * the dependents.
 */
export class GarbageCollector {
  readonly #client: ControllerClient;
  /** The objects with an owner of this uid, as `storage key`. */
  readonly #dependents = new Map<string, Set<string>>();

  constructor(client: ControllerClient) {
    this.#client = client;
    for (const kind of STORED_KINDS) {
      for (const stored of client.engine.store.list(kind.storage))
        this.#index(kind.storage, stored.object, stored.key);
    }
  }

  /** @returns the items to process after a change. */
  follow(change: Change): string[] {
    const { resource, stored, before } = change;
    const own = `${resource} ${stored.key}`;
    for (const owner of before?.object.metadata.ownerReferences ?? [])
      this.#dependents.get(owner.uid)?.delete(own);
    if (change.type === 'DELETED') return this.#dependentsOf(stored.object);
    this.#index(resource, stored.object, stored.key);
    const { ownerReferences, deletionTimestamp } = stored.object.metadata;
    return ownerReferences === undefined && deletionTimestamp === undefined ? [] : [own];
  }

  /** @param item `storage key`. */
  collect(item: string): void {
    const [storage = '', key = ''] = item.split(' ');
    const kind = STORED_KINDS.find((one) => one.storage === storage);
    const object = this.#client.engine.store.get(storage, key)?.object;
    if (kind === undefined || object === undefined) return;
    if (object.metadata.deletionTimestamp !== undefined) this.#finish(kind, object);
    else this.#checkOwners(kind, object);
  }

  #index(storage: string, object: ApiObject, key: string): void {
    for (const { uid } of object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(uid) ?? new Set<string>();
      dependents.add(`${storage} ${key}`);
      this.#dependents.set(uid, dependents);
    }
  }

  #dependentsOf(owner: ApiObject): string[] {
    return [...(this.#dependents.get(owner.metadata.uid) ?? [])].sort();
  }

  #checkOwners(kind: Kind, object: ApiObject): void {
    const owners = object.metadata.ownerReferences ?? [];
    const solid = owners.filter((owner) => this.#exists(owner, object.metadata.namespace));
    if (solid.length === owners.length) return;
    if (solid.length === 0) this.#client.delete(kind, object);
    else this.#client.update(kind, withOwners(object, solid));
  }

  /** An owner of an unknown kind counts as existing. */
  #exists(owner: OwnerReference, namespace: string | undefined): boolean {
    const kind = kindNamed(owner.apiVersion, owner.kind);
    if (kind === undefined) return true;
    const found = this.#client.get(kind, kind.namespaced ? `${namespace}/${owner.name}` : owner.name);
    return found?.metadata.uid === owner.uid;
  }

  /** Handles the garbage collection finalizers of a deleted object, and removes them. */
  #finish(kind: Kind, object: ApiObject): void {
    const finalizers = object.metadata.finalizers ?? [];
    const dependents = this.#dependentsOf(object);
    if (finalizers.includes('orphan')) {
      for (const dependent of dependents) this.#orphan(dependent, object.metadata.uid);
      this.#client.update(kind, withoutFinalizer(object, 'orphan'));
    } else if (finalizers.includes('foregroundDeletion')) {
      for (const dependent of dependents) this.#deleteDependent(dependent);
      this.#client.update(kind, withoutFinalizer(object, 'foregroundDeletion'));
    }
  }

  #orphan(item: string, uid: string): void {
    const [kind, object] = this.#lookUp(item);
    if (kind === undefined || object === undefined) return;
    const owners = (object.metadata.ownerReferences ?? []).filter((owner) => owner.uid !== uid);
    this.#client.update(kind, withOwners(object, owners));
  }

  #deleteDependent(item: string): void {
    const [kind, object] = this.#lookUp(item);
    if (kind !== undefined && object !== undefined) this.#client.delete(kind, object);
  }

  #lookUp(item: string): [Kind | undefined, ApiObject | undefined] {
    const [storage = '', key = ''] = item.split(' ');
    const kind = STORED_KINDS.find((one) => one.storage === storage);
    return [kind, this.#client.engine.store.get(storage, key)?.object];
  }
}

function withOwners(object: ApiObject, owners: readonly OwnerReference[]): ApiObject {
  const { ownerReferences: _old, ...metadata } = object.metadata;
  return {
    ...object,
    metadata: owners.length === 0 ? metadata : { ...metadata, ownerReferences: [...owners] },
  };
}

function withoutFinalizer(object: ApiObject, finalizer: string): ApiObject {
  const { finalizers = [], ...metadata } = object.metadata;
  const left = finalizers.filter((one) => one !== finalizer);
  return { ...object, metadata: left.length === 0 ? metadata : { ...metadata, finalizers: left } };
}
