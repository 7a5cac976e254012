/**
 * Lines from the server to one watcher, in order. Pushing never waits; a watcher that falls `capacity` lines
 * behind is cut off, as apiserver does with one that is too slow.
 */
export class WatchStream implements AsyncIterable<string> {
  readonly #capacity: number;
  /** What was pushed and not yet taken. */
  #lines: string[] = [];
  #lag = 0;
  #ended = false;
  #wake: (() => void) | undefined;
  readonly #onEnd: () => void;

  /** @param onEnd is called once, when either side ends the stream. */
  constructor(capacity: number, onEnd: () => void) {
    this.#capacity = capacity;
    this.#onEnd = onEnd;
  }

  push(line: string): void {
    if (this.#ended) return;
    this.#lines.push(line);
    if (++this.#lag > this.#capacity) this.end();
    this.#wake?.();
  }

  /** Lines that were pushed before are still delivered. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      for (;;) {
        const batch = this.#lines;
        this.#lines = [];
        for (const line of batch) {
          this.#lag--;
          yield line;
        }
        if (this.#lines.length > 0) continue;
        if (this.#ended) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.end();
    }
  }
}
