import type { ReferenceHealth } from '../checks/reference-health.ts';
import type { ListVersion, TargetSpec } from '../scenario/target-spec.ts';
import { keyOfSpec } from '../scenario/target-spec.ts';
import type { SimProcess } from './sim-process.ts';

/** A good list, and until when a process may still be carrying out what it decided by it. */
interface ListRead {
  readonly version: ListVersion;
  /** When another one took its place. */
  replacedMs: number;
}

/** So long after a list was replaced, writes that were decided by it may still be under way. */
const LIST_ECHO_MS = 90_000;

/** What the checkers hold of one process of the product: what it read and saw, never what it made of it. */
export class WorkerRecord {
  readonly process: SimProcess;
  health: ReferenceHealth;
  /** The state could not be read and never will, so that it may believe an answer at once. */
  hasNoStateStore = false;
  /** It has read the state, or knows that there is none: what it reads of it later is its version alone. */
  hasLoadedState = false;
  /** False of a program that is only to look. */
  mayWrite = true;
  /** It knows no list, and is to give this Service back. */
  releases: string | undefined;
  /** What it wrote so far. */
  writes = 0;
  /** Services that it deleted under its present list, and how many there were of its own when it read that. */
  readonly deletedServices = new Set<string>();
  ownedServices: number;
  readonly #lists: ListRead[] = [];

  constructor(process: SimProcess, health: ReferenceHealth, ownedServices: number) {
    this.process = process;
    this.health = health;
    this.ownedServices = ownedServices;
  }

  /** It read a list that is in order. */
  readList(version: ListVersion, nowMs: number, ownedServices: number): void {
    const before = this.#lists.at(-1);
    if (before?.version === version) return;
    if (before !== undefined) before.replacedMs = nowMs;
    this.#lists.push({ version, replacedMs: Number.POSITIVE_INFINITY });
    this.deletedServices.clear();
    this.ownedServices = ownedServices;
  }

  /** The last good one that it read. */
  get newestList(): ListVersion | undefined {
    return this.#lists.at(-1)?.version;
  }

  get hasList(): boolean {
    return this.#lists.length > 0;
  }

  /** What the lists that it may be acting by say of a Service: undefined for one that does not name it. */
  specsOf(key: string, nowMs: number): readonly (TargetSpec | undefined)[] {
    return this.#lists
      .filter(({ replacedMs }) => replacedMs > nowMs - LIST_ECHO_MS)
      .map(({ version }) => version.targets?.find((each) => keyOfSpec(each) === key));
  }
}
