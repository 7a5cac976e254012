/** The connection broke in the middle of a watch: a fault. */
export class ConnectionDropped extends Error {}

/**
 * Lines from the server to one watcher, in order. Pushing never waits; a watcher that falls `capacity` lines
 * behind is cut off, as apiserver does with one that is too slow.
 */
export class WatchStream implements AsyncIterable<string> {
  readonly #capacity: number;
  /** What was pushed and not yet taken. */
  #lines: string[] = [];
  #lag = 0;
  #dropped = false;
  #wake: (() => void) | undefined;
  readonly #ended = new AbortController();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Aborts when either side has ended the stream. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  push(line: string): void {
    if (this.ended.aborted) return;
    this.#lines.push(line);
    if (++this.#lag > this.#capacity) this.end();
    this.#wake?.();
  }

  /** Lines that were pushed before are still delivered. */
  end(): void {
    this.#ended.abort();
    this.#wake?.();
  }

  /** As if the connection broke: what was not yet taken is lost, and the reader gets ConnectionDropped. */
  drop(): void {
    this.#dropped = true;
    this.end();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    try {
      for (;;) {
        const batch = this.#lines;
        this.#lines = [];
        for (const line of batch) {
          if (this.#dropped) break;
          this.#lag--;
          yield line;
        }
        if (this.#dropped) throw new ConnectionDropped('the connection was dropped');
        if (this.#lines.length > 0) continue;
        if (this.ended.aborted) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      this.end();
    }
  }
}
