import type { ObjectPlan } from './object-plan.ts';

/** What has become of the Services that one list published. */
export interface ListTally {
  /** How many it had published before its newest version, those that it lets go included. */
  readonly published: number;
  /** How many of those its newest version still names. */
  readonly staying: number;
  /**
   * How many of them go besides those at hand: deleted in the last ten minutes, or decided another time. They count too:
   * otherwise deletions that are found one at a time would never reach the limit.
   */
  readonly goingBesides: number;
  /** `--prune-list` names it: it may be missing, or name nothing of what it published. */
  readonly isPruned: boolean;
}

/** What becomes of the objects of a target that left the list. */
export interface Removal {
  readonly plan: ObjectPlan;
  /** The list that published them; undefined: one without a name. */
  readonly list: string | undefined;
}

export interface PruneSettings {
  /** The lists that this process has, and those of `--prune-list`. */
  readonly tallies: ReadonlyMap<string, ListTally>;
  /** `guards.maxDeletes`. */
  readonly maxDeletesPercent: number;
  /** `--allow-mass-delete`. */
  readonly allowMassDelete: boolean;
}

/**
 * A list lets go only what it has published under its own name, as ApplySets do (KEP-3659). So a second list, a list
 * that is not given this time and a list that was replaced by another delete nothing of what they do not name.
 */
export function guardPruning(
  removals: readonly Removal[],
  { tallies, maxDeletesPercent, allowMassDelete }: PruneSettings,
): readonly ObjectPlan[] {
  const guarded: ObjectPlan[] = [];
  for (const [list, group] of Map.groupBy(removals, (removal) => removal.list)) {
    const plans = group.map(({ plan }) => plan);
    const refusal = list === undefined ? UNNAMED : wholeRefusal(list, tallies.get(list));
    if (refusal !== undefined) for (const plan of plans) guarded.push({ ...plan, ...refusal, actions: [] });
    else if (allowMassDelete) guarded.push(...plans);
    else guarded.push(...withinMaxDeletes(plans, tallies.get(list ?? ''), maxDeletesPercent));
  }
  return guarded;
}

type Refusal = Pick<ObjectPlan, 'phase' | 'reason' | 'message'>;

const UNNAMED: Refusal = {
  phase: 'Kept',
  reason: 'ListUnnamed',
  message:
    'a list without a name published it, and such a list deletes nothing; write `metadata: { name: NAME }` into the list for the next time, and delete this Service by hand',
};

/** Why nothing may go of what the list published; undefined: some of it may. */
function wholeRefusal(list: string, tally: ListTally | undefined): Refusal | undefined {
  if (tally === undefined) {
    const message = `the list "${list}" published it, and that list is not given here; to delete what it published, pass --prune-list ${list}`;
    return { phase: 'Kept', reason: 'ListMissing', message };
  }
  if (tally.isPruned || tally.staying > 0) return undefined;
  const message = `the list "${list}" names none of the Services that were published under its name; restore it, or, to delete them, pass --prune-list ${list}`;
  return { phase: 'Refused', reason: 'ListReplaced', message };
}

/**
 * `guards.maxDeletes`: a list may delete at most this share of the Services that it published. One that would delete
 * more is probably damaged. The share is rounded down, but one Service may go as long as the list still names another:
 * with 30 %, a list of two may lose one.
 */
function withinMaxDeletes(
  plans: readonly ObjectPlan[],
  tally: ListTally | undefined,
  maxDeletesPercent: number,
): readonly ObjectPlan[] {
  if (tally === undefined) throw new Error('a list that is not given deletes nothing');
  const { published, staying, goingBesides } = tally;
  const toDelete = plans.filter(({ phase }) => phase === 'Deleted').length + goingBesides;
  const share = Math.floor((published * maxDeletesPercent) / 100);
  const allowed = maxDeletesPercent > 0 && staying > 0 ? Math.max(share, 1) : share;
  if (toDelete <= allowed) return plans;
  const message = `the list would delete ${toDelete} of the ${published} Services that it published, and guards.maxDeletes allows ${allowed} within ten minutes; restore the list, or pass --allow-mass-delete`;
  return plans.map((plan) =>
    plan.phase === 'Deleted'
      ? { ...plan, phase: 'Refused' as const, reason: 'MassDeletion', message, actions: [] }
      : plan,
  );
}
