/**
 * A bounded memory that costs nothing to keep: when the young generation has grown to half the bound it
 * becomes the old one, and what had been the old one is forgotten. What is used becomes young again.
 */
export class TwoGenerations<K, V> {
  readonly #maxYoung: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  constructor(maxEntries: number) {
    this.#maxYoung = Math.max(1, Math.floor(maxEntries / 2));
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#maxYoung && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
