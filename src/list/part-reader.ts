import type { SourcePart } from '../config/source.ts';
import type { TargetListPart } from '../config/target-list-part.ts';
import type { Clock } from '../time/clock.ts';
import { Signal } from '../time/signal.ts';

/** A part as the source gives it, and its content. */
export interface ReadPart {
  readonly part: SourcePart;
  readonly says: TargetListPart;
}

/** Reads a part. With ten thousand targets this takes seconds, and the rest of the process runs meanwhile. */
export type ReadsParts = (part: SourcePart, signal: AbortSignal) => Promise<TargetListPart>;

const LONG_MS = 3_600_000;

/**
 * Reads the parts of one source, one at a time. Versions that arrive during a read wait, and only the newest of them
 * is kept. So every read is finished and reported, however fast the edits are.
 */
export class PartReader {
  readonly #reads: ReadsParts;
  readonly #signal: Signal;
  readonly #onRead: (parts: readonly ReadPart[]) => void;
  #newest: readonly SourcePart[] | undefined;
  #known = new Map<string, ReadPart>();

  constructor(reads: ReadsParts, clock: Clock, onRead: (parts: readonly ReadPart[]) => void) {
    this.#reads = reads;
    this.#signal = new Signal(clock);
    this.#onRead = onRead;
  }

  take(parts: readonly SourcePart[]): void {
    this.#newest = parts;
    this.#signal.notify();
  }

  /** Goes on until `signal` aborts; then rejects with `signal.reason`. Rejects when `onRead` throws. */
  async run(signal: AbortSignal): Promise<never> {
    for (;;) {
      const parts = this.#newest;
      this.#newest = undefined;
      if (parts === undefined) await this.#signal.sleep(LONG_MS, signal);
      else this.#onRead(await this.#readAll(parts, signal));
    }
  }

  async #readAll(parts: readonly SourcePart[], signal: AbortSignal): Promise<ReadPart[]> {
    const read: ReadPart[] = [];
    for (const part of parts) {
      const before = this.#known.get(part.source);
      const isSame = part.ok && before?.part.ok === true && before.part.text === part.text;
      read.push(isSame ? before : { part, says: await this.#reads(part, signal) });
    }
    this.#known = new Map(read.map((each) => [each.part.source, each]));
    return read;
  }
}
