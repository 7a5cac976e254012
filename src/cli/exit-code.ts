import { isTrouble, type SyncReport } from '../sync/sync-report.ts';

/** What the process says when it ends; part of the command line's contract. */
export const EXIT = {
  done: 0,
  changesPlanned: 1,
  usage: 2,
  someTargetsFailed: 3,
  clusterFailed: 4,
  /** An exception that nobody expected: sysexits.h's EX_SOFTWARE, told apart from "plan found changes". */
  defect: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const REFUSALS: ReadonlySet<string> = new Set(['Forbidden', 'Unauthorized']);

/** Of a pass: some targets are in trouble, or the cluster refused us every one of them, which is another matter. */
export function passExitCode({ targets }: SyncReport): ExitCode {
  const isRefused = targets.every(({ phase, reason }) => phase === 'Failed' && REFUSALS.has(reason));
  if (targets.length > 0 && isRefused) return EXIT.clusterFailed;
  return targets.some(({ phase }) => isTrouble(phase)) ? EXIT.someTargetsFailed : EXIT.done;
}
