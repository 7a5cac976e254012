import { type Assessment, withReadiness } from '../endpoint/assessment.ts';
import { entriesOf } from '../manifest/endpoint-entry.ts';
import { slicesByOwner } from './existing-objects.ts';
import { servedFamilies, splitByFamily } from './families.ts';
import { handoverFrom, repeatReadiness } from './handover.ts';
import { holdOffOf } from './hold-off.ts';
import type { ObjectPlan } from './object-plan.ts';
import { obstaclesTo } from './obstacles.ts';
import { outcomeOf } from './outcome.ts';
import { conflictRefusal } from './ownership-rules.ts';
import { PlanDraft } from './plan-draft.ts';
import type { PlanInput } from './plan-input.ts';
import { withinPolicy } from './policy.ts';
import { publishEndpoints } from './publish-endpoints.ts';
import { publishSlices } from './publish-slices.ts';
import type { Refusal } from './refusal.ts';
import { isExternalName } from './service-view.ts';
import { besideStrangers, setAsideStrangers } from './strangers.ts';

/** A target's plan, and its addresses as they will stand once it is carried out. */
export interface TargetPlan {
  readonly plan: ObjectPlan;
  readonly assessments: readonly Assessment[];
}

/** Desired × existing → what to do, in an order that never leaves a gap. Pure. */
export function planTarget(input: PlanInput): TargetPlan {
  const { assessments, options, target } = input;
  const { namespace, name } = target;
  const { refusal, leavesAll, leaves } = obstaclesTo(input);
  if (refusal !== undefined && leavesAll) return leftAlone(input, refusal, assessments);

  const { input: rest, strangers } = setAsideStrangers(input, leaves.has('Endpoints'));
  const families = servedFamilies(input);
  const { served, unserved } = splitByFamily(assessments, families);
  const slices = slicesByOwner(rest.existing, options.instance);
  const publishesSlices = target.publish.resources.includes('EndpointSlice');
  const verdicts = besideStrangers(strangers, rest.existing, served);
  const handover = publishesSlices
    ? handoverFrom(slices, verdicts)
    : repeatReadiness([...slices.ours, ...slices.leftover, ...slices.foreign], verdicts);
  const entries = entriesOf(handover.assessments, target);
  const published = [...handover.assessments, ...unserved.map(notServed)];
  const outcome = outcomeOf(published, input.troubles);

  const holdOff = holdOffOf(rest, slices, entries, outcome.message || outcome.reason);
  if (holdOff !== undefined) return leftAlone(input, holdOff, assessments);

  const others = [...handover.standing, ...strangers];
  const draft = new PlanDraft({ input: rest, slices, others, leaves });
  const continuation = publishesSlices
    ? publishSlices(draft, handover.assessments, entries)
    : publishEndpoints(draft, handover.assessments, entries);
  const conflict = conflictOf(draft, publishesSlices);
  if (conflict?.leaves === 'everything') return leftAlone(input, conflict, published);
  const obstacle = refusal ?? conflict;
  // What would have to change first does not: waiting for it would be in vain.
  const leavesService = leaves.has('Service') || draft.conflicts.has('Service');
  const isStuck =
    leavesService || (draft.conflicts.has('Endpoints') && continuation?.until === 'MirroredSlicesGone');
  const plan: ObjectPlan = {
    namespace,
    name,
    ...(obstacle === undefined ? outcome : keptAround(obstacle, outcome)),
    actions: draft.actions,
    ...(continuation === undefined || isStuck ? {} : { continuation }),
    ...(draft.touches('Service') && !isExternalName(input) ? { assumedFamilies: families } : {}),
  };
  return { plan: withinPolicy(plan, options.policy), assessments: published };
}

type Outcome = Pick<ObjectPlan, 'phase' | 'reason' | 'message'>;

function leftAlone(
  { target: { namespace, name } }: PlanInput,
  { phase, reason, message }: Refusal,
  assessments: readonly Assessment[],
): TargetPlan {
  return { plan: { namespace, name, phase, reason, message, actions: [] }, assessments };
}

/** Somebody should look, and until then the rest is as true as it can be. */
function keptAround({ phase, reason, message }: Refusal, outcome: Outcome): Outcome {
  const state = outcome.message === '' ? '' : `: ${outcome.message}`;
  return { phase, reason, message: `${message}. Its endpoints are kept true meanwhile${state}` };
}

/** Fields that others declare. Where they are in what carries the endpoints, nothing is written at all. */
function conflictOf({ conflicts }: PlanDraft, publishesSlices: boolean): Refusal | undefined {
  const all = [...conflicts.values()].flat();
  if (all.length === 0) return undefined;
  const carries = publishesSlices ? 'EndpointSlice' : 'Endpoints';
  return conflictRefusal(all, conflicts.has(carries) ? 'everything' : 'Service');
}

function notServed(assessment: Assessment): Assessment {
  if (assessment.refused) return assessment;
  return withReadiness(assessment, () => ({
    ready: false,
    reason: 'FamilyNotServed',
    message: 'the Service has no such address family',
  }));
}
