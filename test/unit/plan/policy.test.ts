import { describe, expect, it } from 'vitest';
import type { Action, ObjectPlan } from '../../../src/plan/object-plan.ts';
import { withinPolicy } from '../../../src/plan/policy.ts';
import { linesOf } from '../../support/plans.ts';

describe('withinPolicy', () => {
  const on = { namespace: 'shop', name: 'db', reason: 'Missing' } as const;
  const body = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db' } };
  const create = (kind: Action['kind']): Action => ({
    ...on,
    kind,
    verb: 'create',
    body,
    force: false,
    changes: [],
  });
  const update: Action = { ...on, kind: 'Service', verb: 'update', body, force: false, changes: [] };
  const remove: Action = { ...on, kind: 'Endpoints', verb: 'delete', uid: 'u', resourceVersion: '1' };
  const published = (actions: readonly Action[]): ObjectPlan => ({
    namespace: 'shop',
    name: 'db',
    phase: 'Published',
    reason: 'AllReady',
    message: '',
    actions,
    continuation: { until: 'ServiceRead' },
  });

  it.each(['sync', 'upsert-only'] as const)('%s keeps every action', (policy) => {
    const given = published([create('Service'), update, remove]);
    expect(withinPolicy(given, policy)).toBe(given);
  });

  it('create-only keeps a plan that only creates', () => {
    const given = published([create('Service'), create('EndpointSlice')]);
    expect(withinPolicy(given, 'create-only')).toBe(given);
  });

  it.each<[string, Action]>([
    ['an update', update],
    ['a deletion', remove],
  ])('create-only skips %s, and creates no slice beside it', (_, other) => {
    const result = withinPolicy(
      published([create('EndpointSlice'), other, create('Endpoints')]),
      'create-only',
    );
    expect(linesOf(result.actions)).toEqual(['create Endpoints db: Missing']);
    expect(result).toMatchObject({
      reason: 'ExcludedByPolicy',
      message: 'policy create-only skips writes that change or delete objects (1 of 3)',
    });
    expect(result).not.toHaveProperty('continuation');
  });
});
