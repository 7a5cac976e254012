import { type Assessment, isServing, withReadiness } from './assessment.ts';
import { SUSPENDED } from './drain-guard.ts';

/**
 * Priority tiers. The best (lowest) priority with a healthy address takes the traffic. Addresses of worse tiers are
 * standbys: published as not ready. An address counts from its first healthy verdict, so traffic returns to a better
 * tier only after `healthyThreshold` good samples there.
 *
 * Without a healthy address in any tier nothing changes. A suspended drain stays ready, even as a standby, if the better
 * tier is ready only by panic mode.
 */
export function applyTiers(assessments: readonly Assessment[]): readonly Assessment[] {
  const active = activePriority(assessments);
  if (active === undefined) return assessments;
  const inPanic = assessments.every((each) => each.priority > active || !isServing(each) || isInPanic(each));
  return assessments.map((assessment) =>
    assessment.priority <= active || assessment.refused ? assessment : standBy(assessment, active, inPanic),
  );
}

/** The priority that takes the traffic; undefined: no address is ready. */
export function activePriority(assessments: readonly Assessment[]): number | undefined {
  const serving = assessments.filter(isServing).map(({ priority }) => priority);
  return serving.length === 0 ? undefined : Math.min(...serving);
}

function isInPanic({ ports }: Assessment): boolean {
  return ports.some(({ reason }) => reason === 'PanicMode');
}

function standBy(assessment: Assessment, active: number, inPanic: boolean): Assessment {
  return withReadiness(assessment, (port) =>
    port.ready && !(inPanic && port.reason === SUSPENDED)
      ? {
          ready: false,
          reason: 'Standby',
          message: `standby with priority ${assessment.priority}: priority ${active} has a healthy address`,
        }
      : port,
  );
}
