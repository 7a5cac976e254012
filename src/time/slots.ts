/**
 * What comes and goes by the thousand, each in a numbered place that is used again when it is free.
 *
 * A Set would do but for what it leaves behind: with each few hundred additions and removals V8 replaces its table,
 * and dead tables keep what stood in them, and each other, alive for a while. For sockets that was more work for the
 * garbage collector than all else that a probe leaves to it.
 */
export class Slots<T extends object> {
  readonly #slots: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** The place that `item` has from now on. */
  take(item: T): number {
    const place = this.#free.pop() ?? this.#slots.length;
    this.#slots[place] = item;
    return place;
  }

  /** Harmless when `item` does not have that place any more. */
  leave(place: number, item: T): void {
    if (this.#slots[place] !== item) return;
    this.#slots[place] = undefined;
    this.#free.push(place);
  }

  /** All that have a place, by place; none has one afterwards. */
  vacate(): T[] {
    this.#free.length = 0;
    return this.#slots.splice(0).filter((item) => item !== undefined);
  }
}
