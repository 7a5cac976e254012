import type { TargetReport } from './sync-report.ts';

/** What `/api/status` answers with. */
export interface WorkerStatus {
  readonly version: string;
  readonly instance: string;
  /** Distinguishes replicas. */
  readonly identity: string;
  /** Whether this replica writes; the others look at the same, and decide the same. */
  readonly leading: boolean;
  /** As in `sync -o json`. */
  readonly targets: readonly TargetReport[];
}
