import type { ReferenceHealth } from '../checks/reference-health.ts';
import type { ListVersion, TargetSpec } from '../scenario/target-spec.ts';
import { keyOfSpec } from '../scenario/target-spec.ts';
import type { SimProcess } from './sim-process.ts';

/** A good list, and until when a process may still write what it decided by it. */
interface ListRead {
  readonly version: ListVersion;
  /** When another list replaced it. */
  replacedMs: number;
}

/** Writes that were decided by a list may still be under way so long after it was replaced. */
const LIST_ECHO_MS = 90_000;

/** What the checkers know about one process of the product: what it read and observed, not what it decided. */
export class WorkerRecord {
  readonly process: SimProcess;
  health: ReferenceHealth;
  /** The state cannot be read, so the process may accept a DNS answer without a hold. */
  hasNoStateStore = false;
  /** It has read the state, or knows that there is none. Later it reads only the version. */
  hasLoadedState = false;
  /** False for `plan`. */
  mayWrite = true;
  /** The Service that it releases, without a list. */
  releases: string | undefined;
  /** How many writes it has made. */
  writes = 0;
  /** The Services that it deleted under its present list, and how many were ours when it read that list. */
  readonly deletedServices = new Set<string>();
  ownedServices: number;
  readonly #lists: ListRead[] = [];

  constructor(process: SimProcess, health: ReferenceHealth, ownedServices: number) {
    this.process = process;
    this.health = health;
    this.ownedServices = ownedServices;
  }

  /** It has read a good list. */
  readList(version: ListVersion, nowMs: number, ownedServices: number): void {
    const before = this.#lists.at(-1);
    if (before?.version === version) return;
    if (before !== undefined) before.replacedMs = nowMs;
    this.#lists.push({ version, replacedMs: Number.POSITIVE_INFINITY });
    this.deletedServices.clear();
    this.ownedServices = ownedServices;
  }

  /** The last good list that it read. */
  get newestList(): ListVersion | undefined {
    return this.#lists.at(-1)?.version;
  }

  get hasList(): boolean {
    return this.#lists.length > 0;
  }

  /** The Service in each list that the process may be using: undefined for a list without it. */
  specsOf(key: string, nowMs: number): readonly (TargetSpec | undefined)[] {
    return this.#lists
      .filter(({ replacedMs }) => replacedMs > nowMs - LIST_ECHO_MS)
      .map(({ version }) => version.targets?.find((each) => keyOfSpec(each) === key));
  }
}
