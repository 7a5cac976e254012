import { EventHeap } from './event-heap.ts';

/** Something that is to happen, as long as nobody takes it back. */
export interface Appointment {
  cancel(): void;
}

interface Entry {
  run: (() => void) | undefined;
}

/**
 * The only thing that moves time. Every timer, packet and request of the simulated world is an entry here; after
 * each one all promises go as far as they can before the next is looked at, so that one seed has one history.
 */
export class Scheduler {
  readonly #due = new EventHeap<Entry>();
  #nowMs = 0;
  #turns = 0;

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** How many things have happened. */
  get turns(): number {
    return this.#turns;
  }

  in(delayMs: number, run: () => void): Appointment {
    const entry: Entry = { run };
    this.#due.push(this.#nowMs + Math.max(0, delayMs), entry);
    return {
      cancel: () => {
        entry.run = undefined;
      },
    };
  }

  /** Lets everything happen that is due until then, or until `isOver`. */
  async runUntil(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    await quiescence();
    for (let next = this.#due.peek(); next !== undefined; next = this.#due.peek()) {
      if (isOver() || next.atMs > untilMs) break;
      this.#due.pop();
      const { run } = next.item;
      if (run === undefined) continue;
      this.#nowMs = next.atMs;
      this.#turns += 1;
      run();
      await quiescence();
    }
    if (!isOver()) this.#nowMs = Math.max(this.#nowMs, untilMs);
  }
}

/** setImmediate comes when no promise can go on any more. */
function quiescence(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
