import type { ObjectPlan } from './object-plan.ts';

/**
 * `guards.maxDeletes`: one list may delete at most this share of the owned Services. A list that would delete more is
 * probably damaged. The share is rounded up, so one Service may always be deleted.
 *
 * @param owned how many Services this instance owns, including those to delete.
 * @param deletedElsewhere how many of them the same list deletes apart from `removals`. They count too: otherwise
 * deletions that are found one at a time would never reach the limit.
 */
export function guardDeletions(
  removals: readonly ObjectPlan[],
  owned: number,
  deletedElsewhere: number,
  maxDeletesPercent: number,
): readonly ObjectPlan[] {
  const deletions = removals.filter((plan) => plan.phase === 'Deleted');
  const allowed = Math.ceil((owned * maxDeletesPercent) / 100);
  const toDelete = deletions.length + deletedElsewhere;
  if (toDelete <= allowed) return removals;
  return removals.map((plan) =>
    plan.phase === 'Deleted'
      ? {
          ...plan,
          phase: 'Refused' as const,
          reason: 'MassDeletion',
          message: `one list would delete ${toDelete} of ${owned} Services, and guards.maxDeletes allows ${allowed}; restore the list, or pass --allow-mass-delete`,
          actions: [],
        }
      : plan,
  );
}
