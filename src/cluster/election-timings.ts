export interface ElectionTimings {
  /** Other candidates take the lease when its record has not changed for this time. */
  readonly leaseDurationMs: number;
  /**
   * A leader stops leading this long after its last renewal. Shorter than the lease duration, so that there are never
   * two.
   */
  readonly renewDeadlineMs: number;
  readonly retryPeriodMs: number;
}

/** What the controllers of Kubernetes use (client-go, `leaderelection.go`). */
export const DEFAULT_TIMINGS: ElectionTimings = {
  leaseDurationMs: 15_000,
  renewDeadlineMs: 10_000,
  retryPeriodMs: 2_000,
};

/** A candidate tries again after one retry period and up to this many more, at random (client-go's JitterFactor). */
export const JITTER_FACTOR = 1.2;

/** Why these timings cannot be used; undefined if they can. */
export function timingsProblem(timings: ElectionTimings): string | undefined {
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs } = timings;
  if (retryPeriodMs <= 0) return 'the retry period must be longer than 0';
  if (leaseDurationMs < 1_000) return 'the lease duration must be at least a second';
  if (leaseDurationMs <= renewDeadlineMs) return 'the lease duration must be longer than the renew deadline';
  if (renewDeadlineMs > retryPeriodMs * JITTER_FACTOR) return undefined;
  return `the renew deadline must be longer than ${JITTER_FACTOR} retry periods`;
}
