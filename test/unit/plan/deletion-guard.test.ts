import { describe, expect, it } from 'vitest';
import { guardDeletions } from '../../../src/plan/deletion-guard.ts';
import type { ObjectPlan } from '../../../src/plan/object-plan.ts';

const plan = (name: string, phase: ObjectPlan['phase'] = 'Deleted'): ObjectPlan => ({
  namespace: 'shop',
  name,
  phase,
  reason: phase === 'Deleted' ? 'NotInList' : 'Released',
  message: '',
  actions: [],
});

describe('guardDeletions', () => {
  const deletions = (count: number) => Array.from({ length: count }, (_, at) => plan(`s${at}`));

  it.each([
    { owned: 10, here: 3, elsewhere: 0, percent: 30, result: 'Deleted' },
    { owned: 10, here: 4, elsewhere: 0, percent: 30, result: 'Refused' },
    { owned: 10, here: 1, elsewhere: 2, percent: 30, result: 'Deleted' },
    { owned: 10, here: 1, elsewhere: 3, percent: 30, result: 'Refused' },
    { owned: 1, here: 1, elsewhere: 0, percent: 30, result: 'Refused' },
    { owned: 2, here: 1, elsewhere: 0, percent: 30, result: 'Deleted' },
    { owned: 2, here: 2, elsewhere: 0, percent: 30, result: 'Refused' },
    { owned: 4, here: 1, elsewhere: 0, percent: 30, result: 'Deleted' },
    { owned: 4, here: 2, elsewhere: 0, percent: 30, result: 'Refused' },
    { owned: 4, here: 3, elsewhere: 0, percent: 30, result: 'Refused' },
    { owned: 4, here: 4, elsewhere: 0, percent: 100, result: 'Deleted' },
    { owned: 4, here: 1, elsewhere: 0, percent: 0, result: 'Refused' },
  ])(
    '$here of $owned and $elsewhere elsewhere, maxDeletes $percent%: $result',
    ({ owned, here, elsewhere, percent, result }) => {
      const phases = guardDeletions(deletions(here), owned, elsewhere, percent).map(({ phase }) => phase);
      expect(phases).toEqual(Array(here).fill(result));
    },
  );

  it('lets go floor(30%), or one while another stays, for every size up to ten', () => {
    const allowed = Array.from({ length: 10 }, (_, at) => {
      const owned = at + 1;
      const sizes = Array.from({ length: owned }, (_, each) => each + 1);
      const passing = sizes.filter((count) =>
        guardDeletions(deletions(count), owned, 0, 30).every(({ phase }) => phase === 'Deleted'),
      );
      return Math.max(0, ...passing);
    });
    expect(allowed).toEqual([0, 1, 1, 1, 1, 1, 2, 2, 2, 3]);
  });

  it('refuses only deletions, and writes nothing for them', () => {
    const plans = [...deletions(2), plan('kept', 'Orphaned')];
    expect(guardDeletions(plans, 3, 0, 30)).toMatchObject([
      { reason: 'MassDeletion', actions: [] },
      { reason: 'MassDeletion', actions: [] },
      { reason: 'Released', phase: 'Orphaned' },
    ]);
  });
});
