import { type Assessment, isServing, withReadiness } from './assessment.ts';
import { activePriority } from './tiers.ts';

/**
 * Envoy's panic mode. If fewer than `thresholdPercent` of the addresses are healthy, all of them are published ready: the
 * few healthy ones could not serve all the traffic, and the checks are probably wrong. Only one tier counts: the tier
 * that takes the traffic, or the best tier if none does.
 *
 * @param thresholdPercent 0 is off.
 */
export function applyPanic(
  assessments: readonly Assessment[],
  thresholdPercent: number,
): readonly Assessment[] {
  const eligible = assessments.filter(({ refused, drained, ports }) => {
    return !refused && !drained && !ports.some((port) => port.withheld);
  });
  if (thresholdPercent === 0 || eligible.length === 0) return assessments;
  const tier = activePriority(eligible) ?? Math.min(...eligible.map(({ priority }) => priority));
  const members = eligible.filter(({ priority }) => priority === tier);
  const healthyPercent = (members.filter(isServing).length / members.length) * 100;
  if (healthyPercent >= thresholdPercent) return assessments;
  const inPanic = new Set(members);
  return assessments.map((assessment) =>
    inPanic.has(assessment) ? publishAnyway(assessment, healthyPercent) : assessment,
  );
}

function publishAnyway(assessment: Assessment, healthyPercent: number): Assessment {
  return withReadiness(assessment, (port) =>
    port.ready
      ? port
      : {
          ready: true,
          reason: 'PanicMode',
          message:
            `only ${Math.round(healthyPercent)}% are healthy, so all are published; found: ${port.reason} ${port.message}`.trim(),
        },
  );
}
