/**
 * A map with a bound. A new entry beyond it replaces an old one: of those that may be forgotten, the one that was used
 * longest ago. Reading counts as use only from half of the bound on, so until then it costs no more than in a Map.
 */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #maxEntries: number;
  readonly #mayForget: (value: V) => boolean;

  constructor(maxEntries: number, mayForget: (value: V) => boolean = () => true) {
    this.#maxEntries = maxEntries;
    this.#mayForget = mayForget;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined && this.#entries.size >= this.#maxEntries / 2) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  /** From the one that was used longest ago to the newest. */
  values(): Iterable<V> {
    return this.#entries.values();
  }

  /** The entry is the newest from now on. False if the map is full and no entry may be forgotten: then it is not set. */
  set(key: K, value: V): boolean {
    this.#entries.delete(key);
    if (!this.#hasRoom()) return false;
    this.#entries.set(key, value);
    return true;
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }

  #hasRoom(): boolean {
    if (this.#entries.size < this.#maxEntries) return true;
    for (const [key, value] of this.#entries) {
      if (this.#mayForget(value)) return this.#entries.delete(key);
    }
    return false;
  }
}
