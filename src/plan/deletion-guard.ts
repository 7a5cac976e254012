import type { ObjectPlan } from './object-plan.ts';

/**
 * `guards.maxDeletes`: when more than that share of the owned Services would go at once, somebody has more
 * likely lost half a list than retired half a data centre. Rounded up, so that one may always go.
 *
 * @param owned how many Services this instance owns, those that would go included.
 * @param besides how many of them go by the same list and are not among `removals`: what is found one by one must not
 * go one by one.
 */
export function guardDeletions(
  removals: readonly ObjectPlan[],
  owned: number,
  besides: number,
  maxDeletesPercent: number,
): readonly ObjectPlan[] {
  const deletions = removals.filter((plan) => plan.phase === 'Deleted');
  const allowed = Math.ceil((owned * maxDeletesPercent) / 100);
  const going = deletions.length + besides;
  if (going <= allowed) return removals;
  return removals.map((plan) =>
    plan.phase === 'Deleted'
      ? {
          ...plan,
          phase: 'Refused' as const,
          reason: 'MassDeletion',
          message: `${going} of ${owned} Services would be deleted by one list, guards.maxDeletes allows ${allowed}; pass --allow-mass-delete if that is meant`,
          actions: [],
        }
      : plan,
  );
}
