import type { ObjectPlan } from './object-plan.ts';
import type { SyncPolicy } from './plan-input.ts';

/**
 * The part of a plan that the policy allows. `create-only` creates missing objects, also those that a killed pass left
 * out, and changes no existing object. If an existing object would have to change, no slice is created either: it could
 * repeat or contradict an existing one.
 */
export function withinPolicy(plan: ObjectPlan, policy: SyncPolicy): ObjectPlan {
  if (policy !== 'create-only') return plan;
  const creates = plan.actions.filter(({ verb }) => verb === 'create');
  const skipped = plan.actions.length - creates.length;
  if (skipped === 0) return plan;
  const { continuation: _continuation, ...rest } = plan;
  return {
    ...rest,
    reason: 'ExcludedByPolicy',
    message: `policy create-only skips writes that change or delete objects (${skipped} of ${plan.actions.length})`,
    actions: creates.filter(({ kind }) => kind !== 'EndpointSlice'),
  };
}
