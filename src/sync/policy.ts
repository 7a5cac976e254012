/** What the two modes of the controller differ in. Rules of safety are the same in both. */
export interface Policy {
  /**
   * `once`: every name is asked once and every check is made until it has a verdict; the run is over when no record has
   * anything left to do. `follow`: until a signal.
   */
  readonly mode: 'once' | 'follow';
  /** `dryRun`: the API server judges every write and keeps none. */
  readonly writes: 'none' | 'dryRun' | 'whileLeading';
  /** How long a new or changed target waits for its first answers and verdicts. */
  readonly initialGraceMs: number;
  /** How long drains wait until every target was observed once, from the first list on. */
  readonly drainGraceMs: number;
  /** A read or a write that failed is tried again. */
  readonly retries: boolean;
  /** How long a record waits for another controller before that is reported. */
  readonly waitTimeoutMs: number;
}

const WAIT_TIMEOUT_MS = 15_000;

export const FOLLOW: Policy = {
  mode: 'follow',
  writes: 'whileLeading',
  initialGraceMs: 1_500,
  drainGraceMs: 1_500,
  retries: true,
  waitTimeoutMs: WAIT_TIMEOUT_MS,
};

/** Names and checks have deadlines of their own in this mode. */
export const ONCE: Policy = {
  mode: 'once',
  writes: 'whileLeading',
  initialGraceMs: Number.POSITIVE_INFINITY,
  drainGraceMs: Number.POSITIVE_INFINITY,
  retries: false,
  waitTimeoutMs: WAIT_TIMEOUT_MS,
};
