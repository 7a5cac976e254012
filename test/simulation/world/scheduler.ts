import { EventHeap } from './event-heap.ts';

/** A scheduled event; it can be cancelled. */
export interface Scheduled {
  cancel(): void;
}

const MOST_TURNS_A_SECOND = 100_000;

interface Entry {
  run: (() => void) | undefined;
}

/**
 * The only part that moves time. Every timer, packet and request of the simulated world is an event here. After each one
 * all promises run as far as they can before the next event, so that one seed has one history.
 */
export class Scheduler {
  readonly #due = new EventHeap<Entry>();
  #nowMs = 0;
  #turns = 0;
  #secondBeganMs = 0;
  #turnsBefore = 0;

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many events have happened. */
  get turns(): number {
    return this.#turns;
  }

  /** More events than this without progress of time are an endless loop. */
  #notice(atMs: number): void {
    if (atMs >= this.#secondBeganMs + 1_000) {
      this.#secondBeganMs = atMs;
      this.#turnsBefore = this.#turns;
    }
    if (this.#turns - this.#turnsBefore > MOST_TURNS_A_SECOND) {
      throw new BusyWithoutEnd(
        `more than ${MOST_TURNS_A_SECOND} things happened within a second, at ${atMs} ms`,
      );
    }
  }

  in(delayMs: number, run: () => void): Scheduled {
    const entry: Entry = { run };
    this.#due.push(this.#nowMs + Math.max(0, delayMs), entry);
    return {
      cancel: () => {
        entry.run = undefined;
      },
    };
  }

  /** Runs all events that are due until then, or until `isOver`. */
  async runUntil(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    await quiescence();
    for (let next = this.#due.peek(); next !== undefined; next = this.#due.peek()) {
      if (isOver() || next.atMs > untilMs) break;
      this.#due.pop();
      const { run } = next.item;
      if (run === undefined) continue;
      this.#notice(next.atMs);
      this.#nowMs = next.atMs;
      this.#turns += 1;
      run();
      await quiescence();
    }
    if (!isOver()) this.#nowMs = Math.max(this.#nowMs, untilMs);
  }
}

/** Time does not advance, because of an endless loop. */
export class BusyWithoutEnd extends Error {}

const IMMEDIATES_AT_ONCE = 64;
let immediatesAhead = 0;
let onQuiescence: (() => void) | undefined;

/**
 * setImmediate runs when no promise can continue, also between two immediates of one turn of Node's event loop. A turn
 * polls the kernel, which is slow: so many immediates are requested at once, and awaited one at a time.
 */
function quiescence(): Promise<void> {
  return new Promise((resolve) => {
    if (onQuiescence !== undefined) throw new Error('two worlds move at the same time');
    onQuiescence = resolve;
    if (immediatesAhead > 0) return;
    immediatesAhead = IMMEDIATES_AT_ONCE;
    for (let ordered = 0; ordered < IMMEDIATES_AT_ONCE; ordered++) setImmediate(comeToQuiescence);
  });
}

function comeToQuiescence(): void {
  immediatesAhead -= 1;
  const wake = onQuiescence;
  onQuiescence = undefined;
  wake?.();
}
