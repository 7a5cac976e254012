import type { Change } from '../../../src/embedded/apiserver/store.ts';
import type { Cluster, Writer } from '../world/cluster.ts';
import { serviceKeyOf } from '../world/kube-words.ts';
import type { Scheduler } from '../world/scheduler.ts';
import { countsAnswers } from './remembered-answers.ts';

/**
 * After the last fault, what may still be written when nothing else is: state follows names that are asked
 * again after a pause, and forgets a suspicion after a minute; Events are counted up once a minute.
 */
const LATE_ENOUGH_MS: Readonly<Record<string, number>> = { configmaps: 90_000, events: 150_000 };

const CLIENT_TIMEOUT_MS = 30_000;

/** Every write since the last fault, for the time in which there should be none. */
export class LateWrites {
  readonly #scheduler: Scheduler;
  readonly #healedMs: number;
  readonly #changes: { readonly atMs: number; readonly change: Change }[] = [];
  #lastMs: number;

  constructor(cluster: Cluster, scheduler: Scheduler) {
    this.#scheduler = scheduler;
    this.#healedMs = scheduler.nowMs;
    this.#lastMs = scheduler.nowMs;
    cluster.onChange((change, writer) => this.#note(change, writer));
  }

  /** For how long nothing has been written that traffic follows. */
  get quietForMs(): number {
    return this.#scheduler.nowMs - this.#lastMs;
  }

  /** What was written from then on although nothing changed; `mayMove`: Services that still count answers. */
  since(restBeganMs: number, mayMove: ReadonlySet<string>): string[] {
    return this.#changes
      .filter(({ atMs, change }) => atMs > restBeganMs && !this.#isDue(change, atMs))
      .filter(({ change }) => !mayMove.has(serviceKeyOf(change) ?? ''))
      .map(({ change: { resource, stored, type } }) => `${resource} ${stored.key} was ${type.toLowerCase()}`);
  }

  #note(change: Change, writer: Writer): void {
    if (change.resource === 'leases') return;
    this.#changes.push({ atMs: this.#scheduler.nowMs, change });
    const { nowMs } = this.#scheduler;
    // What somebody had sent who is dead by now, or waits no longer, has yet to be put right.
    const isBelated =
      writer.kind === 'worker' && (!writer.process.alive || nowMs - writer.sentMs > CLIENT_TIMEOUT_MS);
    if (LATE_ENOUGH_MS[change.resource] === undefined || isBelated) this.#lastMs = nowMs;
  }

  #isDue({ resource, before, stored }: Change, atMs: number): boolean {
    if (atMs - this.#healedMs < (LATE_ENOUGH_MS[resource] ?? 0)) return true;
    return resource === 'configmaps' && countsAnswers((before ?? stored).object);
  }
}
