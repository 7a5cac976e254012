import { type Assessment, isServing, withReadiness } from './assessment.ts';

/**
 * Priority tiers: the best (lowest) priority with a healthy address takes the traffic, the others stand by,
 * visible and `ready: false`. An address counts from its first verdict of healthy on, so that traffic goes back
 * to a better tier only after `healthyThreshold` good samples there.
 *
 * Where no tier has a healthy address nothing changes: there is nobody to stand by for. Nor does what the guard holds
 * back stand by for a tier that is ready in panic alone.
 */
export function applyTiers(assessments: readonly Assessment[]): readonly Assessment[] {
  const active = activePriority(assessments);
  if (active === undefined) return assessments;
  const inPanic = assessments.every((each) => each.priority > active || !isServing(each) || isInPanic(each));
  return assessments.map((assessment) =>
    assessment.priority <= active || assessment.refused ? assessment : standBy(assessment, active, inPanic),
  );
}

/** The priority that takes the traffic; undefined when no address may. */
export function activePriority(assessments: readonly Assessment[]): number | undefined {
  const serving = assessments.filter(isServing).map(({ priority }) => priority);
  return serving.length === 0 ? undefined : Math.min(...serving);
}

function isInPanic({ ports }: Assessment): boolean {
  return ports.some(({ reason }) => reason === 'PanicMode');
}

function standBy(assessment: Assessment, active: number, inPanic: boolean): Assessment {
  return withReadiness(assessment, (port) =>
    port.ready && !(inPanic && port.reason === 'VantageSuspect')
      ? {
          ready: false,
          reason: 'Standby',
          message: `stands by with priority ${assessment.priority} while priority ${active} is healthy`,
        }
      : port,
  );
}
