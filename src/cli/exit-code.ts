import { isTrouble, type SyncReport } from '../sync/sync-report.ts';

/** Exit codes of the process. They are part of the documented interface. */
export const EXIT = {
  done: 0,
  changesPlanned: 1,
  usage: 2,
  someTargetsFailed: 3,
  clusterFailed: 4,
  /** An unexpected exception: EX_SOFTWARE of sysexits.h, distinct from "plan found changes". */
  defect: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const REFUSALS: ReadonlySet<string> = new Set(['Forbidden', 'Unauthorized']);

/** `clusterFailed` when the cluster refused every target; `someTargetsFailed` when at least one is in trouble. */
export function passExitCode({ targets }: SyncReport): ExitCode {
  const isRefused = targets.every(({ phase, reason }) => phase === 'Failed' && REFUSALS.has(reason));
  if (targets.length > 0 && isRefused) return EXIT.clusterFailed;
  return targetsExitCode(targets);
}

/** `someTargetsFailed` when at least one target is in trouble. */
export function targetsExitCode(
  targets: readonly Pick<SyncReport['targets'][number], 'phase' | 'reason'>[],
): ExitCode {
  return targets.some(isTrouble) ? EXIT.someTargetsFailed : EXIT.done;
}
