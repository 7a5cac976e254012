import type { ReferenceHealth } from '../checks/reference-health.ts';
import type { ListVersion } from '../scenario/target-spec.ts';
import type { SimProcess } from './sim-process.ts';

/** What the checkers hold of one process of the product: what it read and saw, never what it made of it. */
export interface WorkerRecord {
  readonly process: SimProcess;
  /** The list that it works by: the last good one that it read. */
  list: ListVersion | undefined;
  health: ReferenceHealth;
  /** The state could not be read, so that it may believe an answer at once (`dns.hold` needs a memory). */
  stateless: boolean;
  /** What it wrote so far. */
  writes: number;
  /** Services that it deleted, and how many there were of its own when it began. */
  readonly deletedServices: Set<string>;
  readonly ownedAtStart: number;
}
