/**
 * Collects items for the rest of this turn of the event loop and handles them together. Reading datagrams one after
 * the other, and sending them one after the other, costs half of handling each answer before the next is read.
 */
export class OncePerTurn<T> {
  readonly #handle: (items: readonly T[]) => void;
  #items: T[] = [];
  #isDue = false;

  constructor(handle: (items: readonly T[]) => void) {
    this.#handle = handle;
  }

  add(item: T): void {
    this.#items.push(item);
    this.expect();
  }

  /** Announces items for this turn, which earlier work in the same turn will add. */
  expect(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(this.#handleAll);
  }

  readonly #handleAll = (): void => {
    const items = this.#items;
    this.#items = [];
    this.#isDue = false;
    this.#handle(items);
  };
}
