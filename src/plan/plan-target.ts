import { type Assessment, withReadiness } from '../endpoint/assessment.ts';
import { type EndpointEntry, entriesOf } from '../manifest/endpoint-entry.ts';
import type { AddressFamily } from '../model/ip-address.ts';
import { adoptionTransition, copyReadiness } from './adoption-transition.ts';
import { emptyServiceGuard } from './empty-service-guard.ts';
import { slicesByOwner } from './existing-objects.ts';
import { FAMILY_NOT_SERVED, servedFamilies, splitByFamily } from './families.ts';
import { besideForeignSlices, setAsideForeignSlices } from './foreign-slices.ts';
import type { Continuation, ObjectPlan } from './object-plan.ts';
import { type Refusals, refusalsFor } from './obstacles.ts';
import { outcomeOf } from './outcome.ts';
import { conflictRefusal } from './ownership-rules.ts';
import { PlanDraft } from './plan-draft.ts';
import type { PlanInput } from './plan-input.ts';
import { withinPolicy } from './policy.ts';
import { publishEndpoints } from './publish-endpoints.ts';
import { publishSlices } from './publish-slices.ts';
import type { Refusal } from './refusal.ts';
import { isExternalName } from './service-view.ts';

/** A target's plan, and its addresses as they will stand once it is carried out. */
export interface TargetPlan {
  readonly plan: ObjectPlan;
  readonly assessments: readonly Assessment[];
}

/** Desired × existing → what to do, in an order that never leaves a gap. Pure. */
export function planTarget(input: PlanInput): TargetPlan {
  const refusals = refusalsFor(input);
  const { refusal, skipped } = refusals;
  if (refusal !== undefined && refusals.skipsAll) return refused(input, refusal, input.assessments);

  const publication = publicationOf(input, skipped);
  const { draft, handover, entries, published } = publication;
  const outcome = outcomeOf(published, input.troubles);
  const refusalToEmpty = emptyServiceGuard(
    draft.input,
    draft.slices,
    entries,
    outcome.message || outcome.reason,
  );
  if (refusalToEmpty !== undefined) return refused(input, refusalToEmpty, input.assessments);

  const publish = publishesSlices(input) ? publishSlices : publishEndpoints;
  const continuation = publish(draft, handover, entries);
  const conflict = conflictOf(draft);
  if (conflict?.scope === 'everything') return refused(input, conflict, published);
  const obstacle = refusal ?? conflict;
  const { namespace, name } = input.target;
  const plan: ObjectPlan = {
    namespace,
    name,
    ...(obstacle === undefined ? outcome : reconciledAround(obstacle, outcome)),
    actions: draft.actions,
    ...(continuation === undefined || isInVain(continuation, draft) ? {} : { continuation }),
    ...(draft.touches('Service') && !isExternalName(input) ? { assumedFamilies: publication.families } : {}),
  };
  return { plan: withinPolicy(plan, input.options.policy), assessments: published };
}

/** What shall be published, and the draft of how. */
interface Publication {
  readonly draft: PlanDraft;
  readonly families: readonly AddressFamily[];
  /** Addresses of these families, so that they contradict nobody whose slices stand beside ours. */
  readonly handover: readonly Assessment[];
  readonly entries: readonly EndpointEntry[];
  /** All addresses, as they will stand. */
  readonly published: readonly Assessment[];
}

function publicationOf(input: PlanInput, skipped: Refusals['skipped']): Publication {
  const { input: rest, foreignSlices } = setAsideForeignSlices(input, skipped.has('Endpoints'));
  const families = servedFamilies(input, input.options.clusterFamilies ?? []);
  const { served, unserved } = splitByFamily(input.assessments, families);
  const slices = slicesByOwner(rest.existing, input.options.instance);
  const verdicts = besideForeignSlices(foreignSlices, rest.existing, served);
  const { assessments: handover, otherSlices } = publishesSlices(input)
    ? adoptionTransition(slices, rest.existing.endpoints, verdicts)
    : copyReadiness([...slices.ours, ...slices.orphaned, ...slices.foreign], verdicts);
  return {
    draft: new PlanDraft({ input: rest, slices, others: [...otherSlices, ...foreignSlices], skipped }),
    families,
    handover,
    entries: entriesOf(handover, input.target),
    published: [...handover, ...unserved.map(notServed)],
  };
}

function publishesSlices({ target }: PlanInput): boolean {
  return target.publish.resources.includes('EndpointSlice');
}

/** What would have to change first does not. */
function isInVain({ until }: Continuation, draft: PlanDraft): boolean {
  if (until === 'ServiceRead') {
    const skipsService = draft.skips('Service') || draft.conflicts.has('Service');
    return skipsService && draft.actions.length === 0;
  }
  return until === 'MirroredSlicesGone' && draft.conflicts.has('Endpoints');
}

type Outcome = Pick<ObjectPlan, 'phase' | 'reason' | 'message'>;

function refused(
  { target: { namespace, name } }: PlanInput,
  { phase, reason, message }: Refusal,
  assessments: readonly Assessment[],
): TargetPlan {
  return { plan: { namespace, name, phase, reason, message, actions: [] }, assessments };
}

/** Somebody should look, and until then the rest is as true as it can be. */
function reconciledAround({ phase, reason, message }: Refusal, outcome: Outcome): Outcome {
  const state = outcome.message === '' ? '' : `: ${outcome.message}`;
  return { phase, reason, message: `${message}. Its endpoints are kept true meanwhile${state}` };
}

/** Fields that others declare. Where they are in what carries the endpoints, nothing is written at all. */
function conflictOf({ conflicts, input }: PlanDraft): Refusal | undefined {
  const all = [...conflicts.values()].flat();
  if (all.length === 0) return undefined;
  const carries = publishesSlices(input) ? 'EndpointSlice' : 'Endpoints';
  return conflictRefusal(all, conflicts.has(carries) ? 'everything' : 'Service');
}

function notServed(assessment: Assessment): Assessment {
  if (assessment.refused) return assessment;
  return withReadiness(assessment, () => ({ ready: false, ...FAMILY_NOT_SERVED }));
}
