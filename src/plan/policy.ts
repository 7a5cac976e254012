import type { ObjectPlan } from './object-plan.ts';
import type { SyncPolicy } from './plan-input.ts';

/**
 * The part of a target's plan that the policy allows. `create-only` completes what is missing, also after a pass
 * that died, and changes nothing that exists. Where something that exists would have to change, no slice is created
 * either: it might repeat, or contradict, what stands there.
 */
export function withinPolicy(plan: ObjectPlan, policy: SyncPolicy): ObjectPlan {
  if (policy !== 'create-only') return plan;
  const creates = plan.actions.filter(({ verb }) => verb === 'create');
  const left = plan.actions.length - creates.length;
  if (left === 0) return plan;
  const { continuation: _continuation, ...rest } = plan;
  return {
    ...rest,
    reason: 'ExcludedByPolicy',
    message: `policy create-only leaves undone what changes or removes objects (${left} of ${plan.actions.length} writes)`,
    actions: creates.filter(({ kind }) => kind !== 'EndpointSlice'),
  };
}
