import type { TargetReport } from './sync-report.ts';

/** What `/api/status` answers with. */
export interface WorkerStatus {
  readonly version: string;
  readonly instance: string;
  /** Distinguishes replicas. */
  readonly identity: string;
  /** Whether this replica writes; the others look at the same, and decide the same. */
  readonly leading: boolean;
  /** The lists in force, by name; absent before they were read. */
  readonly lists?: readonly string[];
  /** `ListsDiffer`: those of the leader, where they are others. Nobody publishes the lists of this replica then. */
  readonly listsOfLeader?: readonly string[];
  /** As in `sync -o json`. */
  readonly targets: readonly TargetReport[];
}
