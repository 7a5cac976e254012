import { type ClusterWideView, type DecideInput, type Decision, decide } from '../../src/decide/decide.ts';
import { NO_SUSPICION } from '../../src/endpoint/drain-guard.ts';
import type { Instant } from '../../src/time/clock.ts';

/** No other target publishes anything, the API server answers, and no drain is suspended. */
export const NO_CLUSTER: ClusterWideView = {
  readyInOtherTargets: 0,
  referenceReachable: true,
  lastSuccessfulProbeMs: Number.NEGATIVE_INFINITY,
  otherHostSeenMs: () => Number.NEGATIVE_INFINITY,
  guard: NO_SUSPICION,
};

/** `decide()` without a pause. */
export function decideNow(input: DecideInput, now: Instant): Decision {
  const steps = decide(input, now);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
