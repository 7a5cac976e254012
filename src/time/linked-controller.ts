import { onAbort } from './on-abort.ts';

/**
 * An AbortController that aborts with any of the given signals, or by itself. Its owner unlinks it when the work is
 * over, with `using` for instance. `AbortSignal.any` has no such end: Node.js keeps a composite signal that has a
 * listener alive for as long as one of its sources lives.
 */
export class LinkedController implements Disposable {
  readonly #controller = new AbortController();
  readonly #links: (() => void)[] = [];

  constructor(...signals: readonly AbortSignal[]) {
    for (const signal of signals) {
      if (signal.aborted) {
        this.abort(signal.reason);
        return;
      }
      this.#links.push(onAbort(signal, () => this.abort(signal.reason)));
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.unlink();
    this.#controller.abort(reason);
  }

  /** Stops following the given signals. */
  unlink(): void {
    for (const leave of this.#links.splice(0)) leave();
  }

  [Symbol.dispose](): void {
    this.unlink();
  }
}
