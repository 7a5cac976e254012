import { type ApiObject, keyOfObject } from './object.ts';

/** A stored object and its JSON, which is created once and sent many times. */
export interface Stored {
  readonly key: string;
  readonly object: ApiObject;
  readonly json: string;
}

export interface Change {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: string;
  /** The version of the store after the change. */
  readonly revision: number;
  /** The object after the change. For DELETED its last state, with the revision of the deletion. */
  readonly stored: Stored;
  /** The object before the change. */
  readonly before: Stored | undefined;
}

interface Collection {
  readonly byKey: Map<string, Stored>;
  /** The same, ascending by key. */
  readonly sorted: Stored[];
}

/**
 * Plays the part of etcd: every object by resource and key, one revision counter for all of them, and a window of
 * past changes for watches and consistent lists. Listeners get each change in order, after it took effect.
 */
export class Store {
  /** Starts above 1, so that revision 1 is compacted, as in a real cluster. */
  revision = 100;
  /** Changes up to this revision are compacted. */
  compactedRevision = 100;
  readonly #collections = new Map<string, Collection>();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #windowSize: number;
  #history: Change[] = [];

  /** @param windowSize the number of changes to keep for watches that start in the past. */
  constructor(windowSize: number) {
    this.#windowSize = windowSize;
  }

  get(resource: string, key: string): Stored | undefined {
    return this.#collections.get(resource)?.byKey.get(key);
  }

  /** The objects of a resource whose key starts with `prefix`, ascending by key. */
  list(resource: string, prefix = ''): Stored[] {
    const sorted = this.#collections.get(resource)?.sorted ?? [];
    if (prefix === '') return sorted.slice();
    const from = placeOf(sorted, prefix);
    let to = from;
    while (to < sorted.length && (sorted[to] as Stored).key.startsWith(prefix)) to++;
    return sorted.slice(from, to);
  }

  /** The list at a revision that is not compacted: the current list with the later changes undone. */
  listAt(resource: string, prefix: string, revision: number): Stored[] {
    if (revision >= this.revision) return this.list(resource, prefix);
    const then = new Map(this.list(resource, prefix).map((stored) => [stored.key, stored]));
    for (const change of this.changesSince(revision).reverse()) {
      if (change.resource !== resource || !change.stored.key.startsWith(prefix)) continue;
      if (change.before === undefined) then.delete(change.stored.key);
      else then.set(change.stored.key, change.before);
    }
    return [...then.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Stores `object` under the next revision, which becomes its resourceVersion. */
  put(resource: string, object: ApiObject): Stored {
    const revision = ++this.revision;
    const key = keyOfObject(object.metadata);
    const collection = this.#collectionOf(resource);
    const before = collection.byKey.get(key);
    const stored = withRevision(object, key, revision);
    collection.byKey.set(key, stored);
    collection.sorted.splice(placeOf(collection.sorted, key), before === undefined ? 0 : 1, stored);
    this.#notify({ type: before === undefined ? 'ADDED' : 'MODIFIED', resource, revision, stored, before });
    return stored;
  }

  /** Removes an existing object. */
  remove(resource: string, before: Stored): Stored {
    const revision = ++this.revision;
    const collection = this.#collectionOf(resource);
    collection.byKey.delete(before.key);
    collection.sorted.splice(placeOf(collection.sorted, before.key), 1);
    const stored = withRevision(before.object, before.key, revision);
    this.#notify({ type: 'DELETED', resource, revision, stored, before });
    return stored;
  }

  /** The changes after `revision`, oldest first. */
  changesSince(revision: number): Change[] {
    let from = this.#history.length;
    while (from > 0 && (this.#history[from - 1] as Change).revision > revision) from--;
    return this.#history.slice(from);
  }

  /** Compacts all changes so far, as in etcd: older watches and lists get 410. */
  compact(): void {
    this.#history = [];
    this.compactedRevision = this.revision;
  }

  subscribe(listener: (change: Change) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #collectionOf(resource: string): Collection {
    const found = this.#collections.get(resource);
    if (found !== undefined) return found;
    const made: Collection = { byKey: new Map(), sorted: [] };
    this.#collections.set(resource, made);
    return made;
  }

  #notify(change: Change): void {
    this.#history.push(change);
    // Truncate in large steps: shifting a long array at every write would cost more than the write.
    if (this.#history.length >= this.#windowSize * 2) {
      const forgotten = this.#history.splice(0, this.#history.length - this.#windowSize);
      this.compactedRevision = forgotten.at(-1)?.revision ?? this.compactedRevision;
    }
    for (const listener of this.#listeners) listener(change);
  }
}

/** The index of a key in a list sorted by key, or where it would be inserted. */
function placeOf(sorted: readonly Stored[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as Stored).key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function withRevision(object: ApiObject, key: string, revision: number): Stored {
  const metadata = { ...object.metadata, resourceVersion: String(revision) };
  const versioned: ApiObject = { ...object, metadata };
  return { key, object: versioned, json: JSON.stringify(versioned) };
}
