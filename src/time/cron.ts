/** Wall-clock schedules as a port. */
export interface Cron {
  /** Why the expression cannot be used, for people; undefined when it can. */
  problemWith(expression: string): string | undefined;
  /**
   * Calls `work` at the expression's times, never while it is still at it; an occasion that comes meanwhile is
   * passed over. Resolves when `signal` aborts and the work under way has ended; rejects when `work` throws.
   */
  run(schedule: CronSchedule, work: () => Promise<void>, signal: AbortSignal): Promise<void>;
}

export interface CronSchedule {
  /** Five fields, or six with seconds in front. */
  readonly expression: string;
  /** IANA name; absent: the system's. */
  readonly timezone: string | undefined;
  /** Each occasion comes up to that much later, at random, so that not everybody comes on the minute. */
  readonly jitterMs: number;
}
