import type { Health } from '../health/health.ts';
import { probesWork } from '../health/probes-work.ts';

export interface ProbeEvidence {
  /** When a check last found anything healthy, on the monotonic clock; -Infinity when none ever did. */
  readonly lastSuccessfulProbeMs: number;
  /** Since when drains are suspended; undefined when they are not. */
  readonly suspectSinceMs: number | undefined;
  /** Every check known; asked only when it matters. */
  readonly known: () => Iterable<Health>;
  /** Each check is made once: its verdict is as of now, and a success says nothing before all have theirs. */
  readonly once: boolean;
  readonly everythingObserved: boolean;
  readonly nowMs: number;
}

/**
 * When this worker last showed that its probes work. A single success says little while most of what counts as healthy
 * is failing: a network that loses nearly everything lets a probe through now and then.
 */
export function trustedProbeMs(evidence: ProbeEvidence): number {
  const { lastSuccessfulProbeMs, suspectSinceMs, known, once, everythingObserved, nowMs } = evidence;
  if (once) return everythingObserved && probesWork(known()) ? nowMs : Number.NEGATIVE_INFINITY;
  if (suspectSinceMs === undefined || probesWork(known())) return lastSuccessfulProbeMs;
  return Math.min(lastSuccessfulProbeMs, suspectSinceMs);
}
