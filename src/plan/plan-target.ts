import { type Assessment, withReadiness } from '../endpoint/assessment.ts';
import { entriesOf } from '../manifest/endpoint-entry.ts';
import { slicesByOwner } from './existing-objects.ts';
import { servedFamilies, splitByFamily } from './families.ts';
import { handoverFrom, repeatReadiness } from './handover.ts';
import { holdOffOf } from './hold-off.ts';
import type { ObjectPlan } from './object-plan.ts';
import { conflictOutcome, outcomeOf } from './outcome.ts';
import { PlanDraft } from './plan-draft.ts';
import type { PlanInput } from './plan-input.ts';
import { withinPolicy } from './policy.ts';
import { publishEndpoints } from './publish-endpoints.ts';
import { publishSlices } from './publish-slices.ts';
import { refusalOf } from './refusal.ts';
import { isExternalName } from './service-view.ts';

/** A target's plan, and its addresses as they will stand once it is carried out. */
export interface TargetPlan {
  readonly plan: ObjectPlan;
  readonly assessments: readonly Assessment[];
}

/** Desired × existing → what to do, in an order that never leaves a gap. Pure. */
export function planTarget(input: PlanInput): TargetPlan {
  const { target, assessments, troubles, options } = input;
  const { namespace, name } = target;
  const refusal = refusalOf(input);
  if (refusal !== undefined) return { plan: { namespace, name, ...refusal, actions: [] }, assessments };

  const families = servedFamilies(input);
  const { served, unserved } = splitByFamily(assessments, families);
  const slices = slicesByOwner(input.existing, options.instance);
  const publishesSlices = target.publish.resources.includes('EndpointSlice');
  const handover = publishesSlices
    ? handoverFrom(slices, served)
    : repeatReadiness([...slices.ours, ...slices.leftover, ...slices.foreign], served);
  const entries = entriesOf(handover.assessments, target);
  const published = [...handover.assessments, ...unserved.map(notServed)];
  const outcome = outcomeOf(published, troubles);

  const holdOff = holdOffOf(input, slices, entries, outcome.message || outcome.reason);
  if (holdOff !== undefined) return { plan: { namespace, name, ...holdOff, actions: [] }, assessments };

  const draft = new PlanDraft(input, slices);
  const continuation = publishesSlices
    ? publishSlices(draft, handover.assessments, entries)
    : publishEndpoints(draft, handover.assessments, entries);
  if (draft.conflicts.length > 0) {
    const plan = { namespace, name, ...conflictOutcome(draft.conflicts), actions: [] };
    return { plan, assessments: published };
  }
  const plan: ObjectPlan = {
    namespace,
    name,
    ...outcome,
    actions: draft.actions,
    ...(continuation === undefined ? {} : { continuation }),
    ...(draft.touches('Service') && !isExternalName(input) ? { assumedFamilies: families } : {}),
  };
  return { plan: withinPolicy(plan, options.policy), assessments: published };
}

function notServed(assessment: Assessment): Assessment {
  if (assessment.refused) return assessment;
  return withReadiness(assessment, () => ({
    ready: false,
    reason: 'FamilyNotServed',
    message: 'the Service has no such address family',
  }));
}
