import type { Path } from './problem.ts';

/** A rule that sees several fields of one target together has found something. */
export interface ReportedProblem {
  readonly message: string;
  readonly expected: string;
  readonly hint?: string;
  /** The field should not be there at all, so that its key is what is shown. */
  readonly atKey?: true;
}

/** `path` is relative to the target; the place is found there or in `defaults`, wherever the value is from. */
export type Report = (path: Path, problem: ReportedProblem) => void;
