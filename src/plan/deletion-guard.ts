import type { ObjectPlan } from './object-plan.ts';

/**
 * `guards.maxDeletes`: one list may delete at most this share of the owned Services. A list that would delete more is
 * probably damaged. The share is rounded down, but one Service may go as long as another one stays: with 30 %, a list
 * of two may lose one, and a list of one may not lose its last.
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
  const toDelete = deletions.length + deletedElsewhere;
  const allowed = allowedDeletions(owned, owned - toDelete, maxDeletesPercent);
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

function allowedDeletions(owned: number, staying: number, maxDeletesPercent: number): number {
  const share = Math.floor((owned * maxDeletesPercent) / 100);
  return maxDeletesPercent > 0 && staying > 0 ? Math.max(share, 1) : share;
}
