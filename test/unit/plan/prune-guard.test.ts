import { describe, expect, it } from 'vitest';
import type { ObjectPlan } from '../../../src/plan/object-plan.ts';
import { guardPruning, type ListTally, type PruneSettings } from '../../../src/plan/prune-guard.ts';

const plan = (name: string, phase: ObjectPlan['phase'] = 'Deleted'): ObjectPlan => ({
  namespace: 'shop',
  name,
  phase,
  reason: phase === 'Deleted' ? 'NotInList' : 'Released',
  message: '',
  actions: [],
});

const removals = (count: number, list: string | undefined = 'a') =>
  Array.from({ length: count }, (_, at) => ({ plan: plan(`s${at}`), list }));

const tally = (changes: Partial<ListTally>): ListTally => ({
  published: 10,
  staying: 9,
  goingBesides: 0,
  isPruned: false,
  ...changes,
});

const settings = (
  tallies: Readonly<Record<string, ListTally>>,
  changes: Partial<PruneSettings> = {},
): PruneSettings => ({
  tallies: new Map(Object.entries(tallies)),
  maxDeletesPercent: 30,
  allowMassDelete: false,
  ...changes,
});

const reasons = (plans: readonly ObjectPlan[]) => [
  ...new Set(plans.map(({ phase, reason }) => `${phase} ${reason}`)),
];

describe('maxDeletes', () => {
  it.each([
    { published: 10, here: 3, elsewhere: 0, percent: 30, result: 'Deleted' },
    { published: 10, here: 4, elsewhere: 0, percent: 30, result: 'Refused' },
    { published: 10, here: 1, elsewhere: 2, percent: 30, result: 'Deleted' },
    { published: 10, here: 1, elsewhere: 3, percent: 30, result: 'Refused' },
    { published: 4, here: 3, elsewhere: 0, percent: 100, result: 'Deleted' },
    { published: 4, here: 1, elsewhere: 0, percent: 0, result: 'Refused' },
  ])(
    '$here of $published and $elsewhere elsewhere, at $percent %: $result',
    ({ published, here, elsewhere, percent, result }) => {
      const tallies = {
        a: tally({ published, staying: published - here - elsewhere, goingBesides: elsewhere }),
      };
      const plans = guardPruning(removals(here), settings(tallies, { maxDeletesPercent: percent }));
      expect(plans.map(({ phase }) => phase)).toEqual(Array(here).fill(result));
    },
  );

  /** What passes of 0 to 10 dropped Services, by how many the list had published. */
  const MOST_DELETED = [0, 1, 1, 1, 1, 1, 2, 2, 2, 3];

  it.each(
    MOST_DELETED.flatMap((most, at) =>
      Array.from({ length: at + 2 }, (_, dropped) => ({ published: at + 1, dropped, most })),
    ),
  )('lets $most of $published go at 30 %, asked for $dropped', ({ published, dropped, most }) => {
    const tallies = { a: tally({ published, staying: published - dropped }) };
    const deleted = guardPruning(removals(dropped), settings(tallies)).filter(
      ({ phase }) => phase === 'Deleted',
    );
    expect(deleted).toHaveLength(dropped <= most ? dropped : 0);
  });

  it('refuses only deletions, and writes nothing for them', () => {
    const given = [...removals(2), { plan: plan('kept', 'Orphaned'), list: 'a' }];
    expect(guardPruning(given, settings({ a: tally({ published: 3, staying: 1 }) }))).toMatchObject([
      { reason: 'MassDeletion', actions: [] },
      { reason: 'MassDeletion', actions: [] },
      { reason: 'Released', phase: 'Orphaned' },
    ]);
  });

  it('does not bound what a person allows', () => {
    const allowed = settings({ a: tally({ published: 3, staying: 1 }) }, { allowMassDelete: true });
    expect(reasons(guardPruning(removals(2), allowed))).toEqual(['Deleted NotInList']);
  });

  it('counts for each list by itself', () => {
    const given = [...removals(2, 'a'), ...removals(1, 'b')];
    const plans = guardPruning(
      given,
      settings({ a: tally({ published: 3, staying: 1 }), b: tally({ published: 3, staying: 2 }) }),
    );
    expect(plans.map(({ phase }) => phase)).toEqual(['Refused', 'Refused', 'Deleted']);
  });
});

describe('what a list published', () => {
  it('stays when that list has no name, whatever is allowed', () => {
    const given = [{ plan: plan('db'), list: undefined }];
    expect(reasons(guardPruning(given, settings({}, { allowMassDelete: true })))).toEqual([
      'Kept ListUnnamed',
    ]);
  });

  it('stays when that list is not given, whatever is allowed', () => {
    const plans = guardPruning(removals(1, 'b'), settings({ a: tally({}) }, { allowMassDelete: true }));
    expect(plans).toMatchObject([{ phase: 'Kept', reason: 'ListMissing', actions: [] }]);
    expect(plans[0]?.message).toContain('--prune-list b');
  });

  it('stays when that list names none of it any more, whatever is allowed', () => {
    const given = settings({ a: tally({ published: 1, staying: 0 }) }, { allowMassDelete: true });
    expect(reasons(guardPruning(removals(1), given))).toEqual(['Refused ListReplaced']);
  });

  it('goes when a person says so, within maxDeletes', () => {
    const pruned = (published: number) => settings({ a: tally({ published, staying: 0, isPruned: true }) });
    expect(reasons(guardPruning(removals(3), pruned(10)))).toEqual(['Deleted NotInList']);
    expect(reasons(guardPruning(removals(1), pruned(1)))).toEqual(['Refused MassDeletion']);
  });
});
