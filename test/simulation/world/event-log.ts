import { createHash } from 'node:crypto';
import type { Scheduler } from './scheduler.ts';

/** One line for each event: the history, which is the same for the same seed, and the story of a failed seed. */
export class EventLog {
  readonly lines: string[] = [];
  /** How often each kind of fault had an effect, not how often it was planned. */
  readonly faults = new Map<string, number>();
  readonly #scheduler: Scheduler;
  readonly #hash = createHash('sha256');

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  get nowMs(): number {
    return this.#scheduler.nowMs;
  }

  tell(who: string, what: string): void {
    const line = `${(this.#scheduler.nowMs / 1000).toFixed(3).padStart(9)}  ${who.padEnd(12)} ${what}`;
    this.lines.push(line);
    this.#hash.update(`${line}\n`);
  }

  /** Adds to the history, and not to the story. */
  note(what: string): void {
    this.#hash.update(`${this.#scheduler.nowMs} ${what}\n`);
  }

  /** Counts a fault without a line. */
  fault(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  /** The digest of the history. Call it once, at the end. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}
