interface Scheduled<T> {
  readonly atMs: number;
  /** The order of insertion, for equal times. */
  readonly sequence: number;
  readonly item: T;
}

/** Items by time, the earliest first: a binary heap. */
export class EventHeap<T> {
  readonly #heap: Scheduled<T>[] = [];
  #sequence = 0;

  push(atMs: number, item: T): void {
    this.#heap.push({ atMs, sequence: this.#sequence++, item });
    this.#rise(this.#heap.length - 1);
  }

  /** The earliest item and its time; it stays in the heap. */
  peek(): { readonly atMs: number; readonly item: T } | undefined {
    return this.#heap[0];
  }

  pop(): T | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined) return undefined;
    if (first !== last) {
      this.#heap[0] = last;
      this.#sink(0);
    }
    return first.item;
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let earliest = at;
      if (this.#isBefore(left, earliest)) earliest = left;
      if (this.#isBefore(right, earliest)) earliest = right;
      if (earliest === at) return;
      this.#swap(at, earliest);
      at = earliest;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) return false;
    return left.atMs < right.atMs || (left.atMs === right.atMs && left.sequence < right.sequence);
  }

  #swap(a: number, b: number): void {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) throw new Error('swapped outside of the heap');
    this.#heap[a] = right;
    this.#heap[b] = left;
  }
}
