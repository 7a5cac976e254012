/** Wall-clock schedules as a port. */
export interface Cron {
  /** Why the expression cannot be used, for people; undefined if it can. */
  problemWith(expression: string): string | undefined;
  /**
   * Calls `work` at the times of the expression. Skips a time while `work` still runs. Resolves when `signal` aborts
   * and `work` has ended; rejects when `work` throws.
   */
  run(schedule: CronSchedule, work: () => Promise<void>, signal: AbortSignal): Promise<void>;
}

export interface CronSchedule {
  /** Five fields, or six with seconds in front. */
  readonly expression: string;
  /** IANA name; absent: the system's. */
  readonly timezone: string | undefined;
  /** Each run starts up to that much later, at random, so that many clusters do not start on the same minute. */
  readonly jitterMs: number;
}
