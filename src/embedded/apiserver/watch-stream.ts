/** The connection broke in the middle of a watch: a fault. */
export class ConnectionDropped extends Error {}

/**
 * Lines from the server to one watcher, in order. `push` never waits. A watcher that falls `capacity` lines behind
 * is disconnected, as in the real API server.
 */
export class WatchStream implements AsyncIterable<string> {
  readonly #capacity: number;
  /** Lines that were pushed but not read yet. */
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

  /** The reader still gets the lines pushed before. */
  end(): void {
    this.#ended.abort();
    this.#wake?.();
  }

  /** Simulates a broken connection: unread lines are lost, and the reader gets ConnectionDropped. */
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
