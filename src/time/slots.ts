/**
 * A collection for items that come and go by the thousand. Each item has a numbered place, and free places are used
 * again.
 *
 * A Set leaves garbage behind: V8 replaces its table every few hundred additions and removals. The dead tables keep
 * their items, and each other, alive for a while. For sockets that cost the garbage collector more than the rest of a
 * probe.
 */
export class Slots<T extends object> {
  readonly #slots: (T | undefined)[] = [];
  readonly #free: number[] = [];

  get isEmpty(): boolean {
    return this.#free.length === this.#slots.length;
  }

  /** The place that `item` has from now on. */
  take(item: T): number {
    const place = this.#free.pop() ?? this.#slots.length;
    this.#slots[place] = item;
    return place;
  }

  /** Does nothing when `item` does not have that place any more. */
  leave(place: number, item: T): void {
    if (this.#slots[place] !== item) return;
    this.#slots[place] = undefined;
    this.#free.push(place);
  }

  /** Takes out one item after the other, by place. An item that leaves meanwhile is left out. */
  *vacate(): Generator<T> {
    for (let place = 0; place < this.#slots.length; place += 1) {
      const item = this.#slots[place];
      if (item === undefined) continue;
      this.leave(place, item);
      yield item;
    }
  }
}
