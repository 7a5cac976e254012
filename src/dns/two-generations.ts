/**
 * A bounded memory that costs nothing to keep: when the young generation has grown to half the bound it
 * becomes the old one, and what had been the old one is forgotten. What is used becomes young again.
 */
export class TwoGenerations<K, V> {
  readonly #maxYoung: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  /** Asked for last, and likely to be next: a name's A and AAAA come together. */
  #latest: { readonly key: K; readonly value: V } | undefined;

  constructor(maxEntries: number) {
    this.#maxYoung = Math.max(1, Math.floor(maxEntries / 2));
  }

  get(key: K): V | undefined {
    if (this.#latest?.key === key) return this.#latest.value;
    const value = this.#young.get(key) ?? this.#rejuvenate(key);
    if (value !== undefined) this.#latest = { key, value };
    return value;
  }

  #rejuvenate(key: K): V | undefined {
    const value = this.#old.get(key);
    if (value !== undefined) this.set(key, value);
    return value;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#maxYoung && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
    this.#latest = { key, value };
  }
}
