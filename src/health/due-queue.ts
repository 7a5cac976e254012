/**
 * What is to happen when. Items share a bucket with those of exactly the same time, and there are few
 * different times because callers round them: so ten thousand timers cost little more than a hundred.
 */
export class DueQueue<T> {
  readonly #buckets = new Map<number, Set<T>>();
  /** Latest first, so that the earliest is cheap to take off. */
  readonly #times: number[] = [];

  /** When something is due next; Infinity when nothing is. */
  earliestMs(): number {
    for (let atMs = this.#times.at(-1); atMs !== undefined; atMs = this.#times.at(-1)) {
      if (this.#buckets.get(atMs)?.size !== 0) return atMs;
      this.#times.pop();
      this.#buckets.delete(atMs);
    }
    return Number.POSITIVE_INFINITY;
  }

  add(item: T, atMs: number): void {
    const bucket = this.#buckets.get(atMs);
    if (bucket !== undefined) {
      bucket.add(item);
      return;
    }
    this.#buckets.set(atMs, new Set([item]));
    this.#times.splice(this.#placeOf(atMs), 0, atMs);
  }

  /** Harmless when it is not there. */
  remove(item: T, atMs: number): void {
    this.#buckets.get(atMs)?.delete(item);
  }

  /** Takes out what is due by then, in the order of times and, within one, of arrival. */
  takeDue(nowMs: number): T[] {
    const due: T[] = [];
    for (let atMs = this.earliestMs(); atMs <= nowMs; atMs = this.earliestMs()) {
      for (const item of this.#buckets.get(atMs) ?? []) due.push(item);
      this.#times.pop();
      this.#buckets.delete(atMs);
    }
    return due;
  }

  /** Where a time belongs among the others, by bisection. */
  #placeOf(atMs: number): number {
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] ?? Number.NEGATIVE_INFINITY) > atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
