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
