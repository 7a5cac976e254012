import { type Assessment, withReadiness } from '../endpoint/assessment.ts';
import { entriesOf } from '../manifest/endpoint-entry.ts';
import { isExternalName } from '../manifest/service.ts';
import type { AddressFamily } from '../model/ip-address.ts';
import type { Target } from '../model/target.ts';
import { endpointsAsSlices } from './existing-objects.ts';
import { FAMILY_NOT_SERVED, servedFamilies, splitByFamily } from './families.ts';
import type { Continuation, ObjectPlan } from './object-plan.ts';
import { type AdoptionTransition, besideForeignSlices, copyReadiness } from './other-slices.ts';
import { outcomeOf } from './outcome.ts';
import { PlanDraft, type PublishedAddresses } from './plan-draft.ts';
import type { AssessedAddresses } from './plan-input.ts';
import { withinPolicy } from './policy.ts';
import { publishEndpoints } from './publish-endpoints.ts';
import { publishSlices } from './publish-slices.ts';
import { emptyServiceGuard } from './refusals/empty-service-guard.ts';
import { conflictRefusal } from './refusals/ownership-rules.ts';
import type { Refusal } from './refusals/refusal.ts';
import type { Situation } from './situation.ts';

export interface PlanInput extends AssessedAddresses {
  readonly situation: Situation;
  /**
   * The mirroring controller had 10 s after the Endpoints said skip-mirror and did not delete its slices. Absent: the
   * caller does not measure that time; the plan then takes it as over when it finds Endpoints with skip-mirror.
   */
  readonly mirrorStopped?: boolean | undefined;
}

/** A target's plan, and its addresses as they are published once the plan is applied. */
export interface TargetPlan {
  readonly plan: ObjectPlan;
  readonly assessments: readonly Assessment[];
}

/** Desired × existing → what to do, in an order that never leaves a gap. Pure. */
export function planTarget(input: PlanInput): TargetPlan {
  const { situation, troubles, mirrorStopped } = input;
  const { target, refusal } = situation;
  if (refusal !== undefined && situation.skipsAll) return refused(target, refusal, input.assessments);

  const { draft, assessments, entries, published, families } = publicationOf(input);
  const outcome = outcomeOf(published, troubles);
  const why = outcome.message || outcome.reason;
  const wouldBeEmpty = emptyServiceGuard({
    situation,
    assessments: input.assessments,
    troubles,
    entries,
    why,
  });
  if (wouldBeEmpty !== undefined) return refused(target, wouldBeEmpty, input.assessments);

  const continuation = publishesSlices(target)
    ? publishSlices(draft, { assessments, entries, mirrorStopped })
    : publishEndpoints(draft, { assessments, entries });
  const conflict = conflictOf(draft);
  if (conflict?.scope === 'everything') return refused(target, conflict, published);
  const partlyRefused = refusal ?? conflict;
  const plan: ObjectPlan = {
    namespace: target.namespace,
    name: target.name,
    ...(partlyRefused === undefined ? outcome : reconciledAround(partlyRefused, outcome)),
    actions: draft.actions,
    ...(continuation === undefined || neverComesTrue(continuation, draft) ? {} : { continuation }),
    ...(draft.touches('Service') && !isExternalName(draft.existing.service)
      ? { assumedFamilies: families }
      : {}),
  };
  return { plan: withinPolicy(plan, situation.options.policy), assessments: published };
}

/** What is to be published, and an empty draft of the plan. */
interface Publication extends PublishedAddresses {
  readonly draft: PlanDraft;
  /** Only addresses of these families are published. */
  readonly families: readonly AddressFamily[];
  /** All addresses, as they are published once the plan is applied. */
  readonly published: readonly Assessment[];
}

function publicationOf({ situation, assessments }: PlanInput): Publication {
  const { target, options, reconciled, keptByOthers } = situation;
  const families = servedFamilies(situation, options.clusterFamilies ?? []);
  const { served, unserved } = splitByFamily(assessments, families);
  const verdicts = besideForeignSlices(keptByOthers, reconciled, served);
  const transition = transitionOf(situation, verdicts);
  return {
    draft: new PlanDraft(situation, [...transition.otherSlices, ...keptByOthers]),
    families,
    assessments: transition.assessments,
    entries: entriesOf(transition.assessments, target),
    published: [...transition.assessments, ...unserved.map(notServed)],
  };
}

function transitionOf(
  { target, reconciled, reconciledSlices }: Situation,
  verdicts: readonly Assessment[],
): AdoptionTransition {
  const { ours, mirrored, orphaned, foreign } = reconciledSlices;
  // Endpoints count as copied: the mirroring controller may copy them at any moment.
  return publishesSlices(target)
    ? copyReadiness(
        [...mirrored, ...endpointsAsSlices(reconciled.endpoints), ...orphaned, ...foreign],
        verdicts,
      )
    : copyReadiness([...ours, ...orphaned, ...foreign], verdicts);
}

function publishesSlices({ publish }: Target): boolean {
  return publish.resources.includes('EndpointSlice');
}

/** The plan skips the write that would make it come true. */
function neverComesTrue({ until }: Continuation, draft: PlanDraft): boolean {
  if (until === 'ServiceRead') {
    const skipsService = draft.skips('Service') || draft.conflicts.has('Service');
    return skipsService && draft.actions.length === 0;
  }
  return until === 'MirroredSlicesGone' && draft.conflicts.has('Endpoints');
}

type Outcome = Pick<ObjectPlan, 'phase' | 'reason' | 'message'>;

function refused(
  { namespace, name }: Target,
  { phase, reason, message }: Refusal,
  assessments: readonly Assessment[],
): TargetPlan {
  return { plan: { namespace, name, phase, reason, message, actions: [] }, assessments };
}

/** A person should look at the refusal; until then the rest is kept up to date. */
function reconciledAround({ phase, reason, message }: Refusal, outcome: Outcome): Outcome {
  const state = outcome.message === '' ? '' : `: ${outcome.message}`;
  return { phase, reason, message: `${message}. Its endpoints are kept up to date${state}` };
}

/** Fields that other managers apply. If they are in the objects that carry the endpoints, nothing is written. */
function conflictOf({ conflicts, target }: PlanDraft): Refusal | undefined {
  const all = [...conflicts.values()].flat();
  if (all.length === 0) return undefined;
  const carrier = publishesSlices(target) ? 'EndpointSlice' : 'Endpoints';
  return conflictRefusal(all, conflicts.has(carrier) ? 'everything' : 'Service');
}

function notServed(assessment: Assessment): Assessment {
  if (assessment.refused) return assessment;
  return withReadiness(assessment, () => ({ ready: false, ...FAMILY_NOT_SERVED }));
}
