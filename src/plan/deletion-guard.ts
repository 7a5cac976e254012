import type { ObjectPlan } from './object-plan.ts';

/**
 * `guards.maxDeletes`: when more than that share of the owned Services would go at once, somebody has more
 * likely lost half a list than retired half a data centre. Rounded up, so that one may always go.
 *
 * @param owned how many Services this instance owns, those that would go included.
 */
export function guardDeletions(
  removals: readonly ObjectPlan[],
  owned: number,
  maxDeletesPercent: number,
): readonly ObjectPlan[] {
  const deletions = removals.filter((plan) => plan.phase === 'Deleted');
  const allowed = Math.ceil((owned * maxDeletesPercent) / 100);
  if (deletions.length <= allowed) return removals;
  return removals.map((plan) =>
    plan.phase === 'Deleted'
      ? {
          ...plan,
          phase: 'Refused' as const,
          reason: 'MassDeletion',
          message: `${deletions.length} of ${owned} Services would be deleted at once, guards.maxDeletes allows ${allowed}; pass --allow-mass-delete if that is meant`,
          actions: [],
        }
      : plan,
  );
}
