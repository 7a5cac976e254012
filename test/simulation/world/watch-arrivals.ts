import type { Scheduler } from './scheduler.ts';
import type { SimProcess } from './sim-process.ts';

/** What a watch delivers: bytes, its regular end, or an error. */
export type Arrival = { readonly chunk: Uint8Array } | { readonly end: Error | undefined };

/** How long the product's transport waits for bytes of a watch. */
const BODY_TIMEOUT_MS = 300_000;

/** The client's end of one watch. */
export class Arrivals implements AsyncIterable<Uint8Array> {
  readonly #signal: AbortSignal;
  readonly #process: SimProcess;
  readonly #scheduler: Scheduler;
  readonly #onLeave: () => void;
  #waiting: Arrival[] = [];
  #wake: (() => void) | undefined;
  #silent = false;

  constructor(signal: AbortSignal, process: SimProcess, scheduler: Scheduler, onLeave: () => void) {
    this.#signal = signal;
    this.#process = process;
    this.#scheduler = scheduler;
    this.#onLeave = onLeave;
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
  }

  push(arrival: Arrival): void {
    if (this.#silent) return;
    this.#waiting.push(arrival);
    this.#wake?.();
  }

  /** Bytes were lost: nothing after them can arrive either, and TCP waits forever. */
  silence(): void {
    this.#silent = true;
  }

  /** The connection breaks. */
  cut(): void {
    this.#waiting.push({ end: Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }) });
    this.#silent = true;
    this.#wake?.();
  }

  /** The next arrival, or the transport's timeout. */
  async #next(): Promise<void> {
    const timeout = this.#scheduler.in(BODY_TIMEOUT_MS, () =>
      this.#process.deliver(() => {
        this.#waiting.push({
          end: Object.assign(new Error('Body Timeout Error'), { code: 'UND_ERR_BODY_TIMEOUT' }),
        });
        this.#wake?.();
      }),
    );
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    timeout.cancel();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        if (this.#signal.aborted) throw this.#signal.reason;
        const next = this.#waiting.shift();
        if (next === undefined) {
          await this.#next();
        } else if ('chunk' in next) {
          yield next.chunk;
        } else {
          if (next.end !== undefined) throw next.end;
          return;
        }
      }
    } finally {
      this.#onLeave();
    }
  }
}
