import { keyOfSpec } from '../scenario/target-spec.ts';
import type { SimProcess } from '../world/sim-process.ts';
import type { WorkerRecord } from '../world/worker-record.ts';

interface Touch {
  readonly process: SimProcess;
  readonly atMs: number;
  /** What its list has for the Service. */
  readonly says: string;
}

/**
 * Passes that run at the same time with different lists: a CronJob may run twice, and a person edits the list in
 * between. Each is correct by its own list, and each changes what the other one has just read.
 */
export class RivalLists {
  readonly #lastTouches = new Map<string, readonly Touch[]>();

  /** Whether another process has written to the Service by another list since this process began. Call it before `note`. */
  isCrossed(key: string, { process, newestList }: WorkerRecord): boolean {
    const says = sayingOf(key, newestList);
    return (this.#lastTouches.get(key) ?? []).some(
      (touch) => touch.process !== process && touch.atMs >= process.startedMs && touch.says !== says,
    );
  }

  note(key: string, { process, newestList }: WorkerRecord, nowMs: number): void {
    const others = (this.#lastTouches.get(key) ?? []).filter((touch) => touch.process !== process);
    const touch = { process, atMs: nowMs, says: sayingOf(key, newestList) };
    this.#lastTouches.set(key, [...others, touch].slice(-8));
  }
}

function sayingOf(key: string, list: WorkerRecord['newestList']): string {
  return JSON.stringify(list?.targets?.find((each) => keyOfSpec(each) === key) ?? 'nothing');
}
