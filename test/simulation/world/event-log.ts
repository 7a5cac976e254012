import { createHash } from 'node:crypto';
import type { Scheduler } from './scheduler.ts';

/** What happened, one line each: the history that must be the same for the same seed, and the story when it fails. */
export class EventLog {
  readonly lines: string[] = [];
  /** How often each kind of fault did something, not how often it was planned. */
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

  /** Part of the history, but nothing that a story needs. */
  note(what: string): void {
    this.#hash.update(`${this.#scheduler.nowMs} ${what}\n`);
  }

  /** Counts a fault without a line of its own. */
  fault(kind: string): void {
    this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
  }

  /** To be called once, when everything has happened. */
  digest(): string {
    return this.#hash.digest('hex');
  }
}
