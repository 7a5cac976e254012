import { assess } from '../endpoint/assess.ts';
import {
  type Assessment,
  isServing,
  namelessKey,
  publishedKey,
  readyAddressCount,
} from '../endpoint/assessment.ts';
import {
  CONFIRM_AFTER_MS,
  type DrainGuardState,
  guardDrains,
  hasSuspendedDrain,
  NO_SUSPICION,
  suspendUnseenDrains,
} from '../endpoint/drain-guard.ts';
import type { NameMemory, NameTrouble, NameView } from '../endpoint/name-memory.ts';
import { applyPanic } from '../endpoint/panic.ts';
import { type Sources, sourcesOf } from '../endpoint/recovery.ts';
import { applyTiers } from '../endpoint/tiers.ts';
import { keyOf, type Target } from '../model/target.ts';
import { guardDeletions } from '../plan/deletion-guard.ts';
import {
  type ExistingObjects,
  publishedReadiness,
  servedReadiness,
  servingSlices,
} from '../plan/existing-objects.ts';
import { clusterFamiliesOf } from '../plan/families.ts';
import type { ObjectPlan } from '../plan/object-plan.ts';
import type { PlanContext, PlanOptions } from '../plan/plan-input.ts';
import { planRelease } from '../plan/plan-release.ts';
import { deletionPolicyOf, planDeletion, type RemovalInput } from '../plan/plan-removal.ts';
import { planTarget } from '../plan/plan-target.ts';
import { type Situation, situationOf } from '../plan/situation.ts';
import type { Instant } from '../time/clock.ts';
import { publishableCandidates } from './publishable-candidates.ts';
import { type NamingInput, resolveAddresses, type TargetSnapshot } from './resolve-addresses.ts';

/** Everything a decision follows from. Nothing else may influence it. */
export interface DecideInput extends NamingInput {
  readonly targets: readonly TargetSnapshot[];
  /** What is ours and stands under a name that the list no longer has. */
  readonly removals: readonly RemovalInput[];
  /** How many Services this instance owns in all, and owned before this list let them go. */
  readonly ownedServices: number;
  /** How many of them go by this list besides `removals`: they have gone already, or are decided another time. */
  readonly removedBesides: number;
  readonly options: DecideOptions;
  readonly clusterWide: ClusterWideView;
}

/** What the guard over all decisions has to know besides the targets at hand. */
export interface ClusterWideView {
  /** Ready addresses that other targets publish. */
  readonly readyInOtherTargets: number;
  /** The API server has answered lately: this worker can see at least that far. */
  readonly referenceReachable: boolean;
  /** When a check last found anything healthy, on the monotonic clock; -Infinity when none ever did. */
  readonly lastSuccessfulProbeMs: number;
  readonly guard: DrainGuardState;
}

/** Where there is no cluster, nothing is published that could be drained. */
export const NO_CLUSTER: ClusterWideView = {
  readyInOtherTargets: 0,
  referenceReachable: true,
  lastSuccessfulProbeMs: Number.NEGATIVE_INFINITY,
  guard: NO_SUSPICION,
};

export interface DecideOptions extends PlanOptions {
  /** `--accept-drain`: the operator has looked, and the verdicts are right. */
  readonly acceptDrain: boolean;
  /** `--allow-mass-delete`. */
  readonly allowMassDelete: boolean;
}

export interface Decision {
  /** In the order of the input. */
  readonly targets: readonly TargetDecision[];
  readonly removals: readonly ObjectPlan[];
  readonly guard: DrainGuardState;
  /** Addresses that verdicts turn unready, held back or not. */
  readonly drainedAddresses: number;
  /** When time alone will change something, on the monotonic clock; Infinity when it will not. */
  readonly nextWakeAtMs: number;
}

export interface TargetDecision {
  readonly target: Target;
  readonly plan: ObjectPlan;
  /** The addresses as they stand once the plan is carried out. */
  readonly assessments: readonly Assessment[];
  /** Before the plan adapted them to what others have published. */
  readonly verdicts: readonly Assessment[];
  readonly troubles: readonly NameTrouble[];
  readonly memory: NameMemory;
  /** Where what stands published once the plan is carried out may have come from. */
  readonly sources: Sources;
  /** What it follows from, for {@link decideAgain}. */
  readonly context: DecisionContext;
  /** When time alone will change something about this target, on the monotonic clock. */
  readonly nextChangeAtMs: number;
}

interface DecisionContext {
  readonly moment: TargetSnapshot;
  readonly input: TargetInput;
  readonly now: Instant;
}

/** What the decision about one target follows from, besides what is known of it. */
type TargetInput = NamingInput & Pick<DecideInput, 'options'>;

/**
 * Names × health × what exists → what to do. Pure: `plan` prints it, `sync` and `run` carry it out, and
 * a preview can therefore never differ from what is done.
 */
export function decide(input: DecideInput, now: Instant): Decision {
  const steps = decideInSteps(input, now);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** The same, with a rest after each target, so that ten thousand need not keep everything else waiting. */
export function* decideInSteps(input: DecideInput, now: Instant): Generator<void, Decision> {
  const { healthOf, guards, hasNoStateStore, options, clusterWide } = input;
  const shared = { healthOf, guards, hasNoStateStore, options, clusterWide };
  const assessed: AssessedTarget[] = [];
  for (const moment of input.targets) {
    assessed.push(assessTarget(moment, shared, now));
    yield;
  }
  const guarded = guardDrains({
    targets: assessed.map(({ key, verdicts, moment, situation }) => ({
      key,
      assessments: verdicts,
      published: situation.drainable,
      recoversPublished: moment.recoversPublished,
    })),
    readyInOtherTargets: input.clusterWide.readyInOtherTargets,
    maxDrainPercent: input.guards.maxDrainPercent,
    acceptDrain: input.options.acceptDrain,
    referenceReachable: input.clusterWide.referenceReachable,
    lastSuccessfulProbeMs: input.clusterWide.lastSuccessfulProbeMs,
    state: input.clusterWide.guard,
    nowMs: now.monotonicMs,
  });
  const targets: TargetDecision[] = [];
  for (const [at, each] of assessed.entries()) {
    // What is held back takes the traffic as before, so a worse tier that was to step in goes on standing by.
    targets.push(planAssessed(each, applyTiers(guarded.assessments[at] ?? each.verdicts), shared, now));
    yield;
  }
  return {
    targets,
    removals: decideRemovals(input),
    guard: guarded.state,
    drainedAddresses: guarded.drainedAddresses,
    nextWakeAtMs: targets.reduce((earliest, each) => Math.min(earliest, each.nextChangeAtMs), Infinity),
  };
}

/**
 * The same target once more, where the cluster turned out to be other than it was read: from the same answers, and from
 * what exists now. The guard has seen what was drained then; what would be drained besides waits for the next decision.
 * Where somebody serves an address that nobody had decided about, that counts as after a lost memory; what we have
 * written ourselves meanwhile is no news to any name.
 */
export function decideAgain(decision: TargetDecision, existing: ExistingObjects): TargetDecision {
  const { verdicts, context } = decision;
  const { moment, input, now } = context;
  const memory = isAllDecided(verdicts, existing) ? decision.memory : moment.memory;
  const again = assessTarget({ ...moment, existing, memory }, input, now);
  const before = { assessments: verdicts, published: situationOf(planContextOf(moment, input)).drainable };
  const after = { assessments: again.verdicts, published: again.situation.drainable };
  return planAssessed(again, applyTiers(suspendUnseenDrains(before, after)), input, now);
}

function planContextOf({ target, existing }: TargetSnapshot, { options, guards }: TargetInput): PlanContext {
  return { target, existing, options: { ...options, clusterFamilies: clusterFamiliesOf(guards) } };
}

function isAllDecided(verdicts: readonly Assessment[], existing: ExistingObjects): boolean {
  const decided = new Set(
    verdicts.flatMap(({ address, ports }) =>
      ports.flatMap((port) => [publishedKey(address, port), namelessKey(address, port)]),
    ),
  );
  return [...servedReadiness(existing).keys()].every((key) => decided.has(key));
}

/** One target by itself, before the guard has seen them all. */
interface AssessedTarget {
  readonly key: string;
  readonly moment: TargetSnapshot;
  readonly situation: Situation;
  readonly names: NameView;
  readonly verdicts: readonly Assessment[];
}

function assessTarget(moment: TargetSnapshot, input: TargetInput, now: Instant): AssessedTarget {
  const { target, existing } = moment;
  const names = resolveAddresses(moment, input, now);
  const each = assess({
    target,
    candidates: publishableCandidates(moment, names.known, input.guards),
    healthOf: input.healthOf,
    published: publishedReadiness(servingSlices(existing)),
  });
  const verdicts = applyPanic(applyTiers(each), target.publish.panicThresholdPercent);
  const situation = situationOf(planContextOf(moment, input));
  return { key: keyOf(target), moment, situation, names, verdicts };
}

function planAssessed(
  { moment, situation, names }: AssessedTarget,
  verdicts: readonly Assessment[],
  input: TargetInput,
  now: Instant,
): TargetDecision {
  const { target } = moment;
  const { memory, troubles } = names;
  const { plan, assessments } = planTarget({ situation, assessments: verdicts, troubles });
  const lookAgainAtMs = hasSuspendedDrain(verdicts)
    ? now.monotonicMs + CONFIRM_AFTER_MS
    : Number.POSITIVE_INFINITY;
  const nextChangeAtMs = Math.min(names.nextChangeAtMs, lookAgainAtMs);
  // What is left as it stands has come from where it came from before.
  const former = changesNothing(plan) ? (moment.sources ?? []) : [];
  const sources = [...new Set([...former, ...sourcesOf(target)])];
  const context = { moment, input, now };
  return { target, plan, assessments, verdicts, troubles, memory, sources, context, nextChangeAtMs };
}

/** How many of a target's addresses take traffic once its plan is carried out, or go on taking it where there is none. */
export function readyAfter({ plan, assessments, verdicts, context }: TargetDecision): number {
  return changesNothing(plan)
    ? readyAddressCount(verdicts, situationOf(planContextOf(context.moment, context.input)).drainable)
    : assessments.filter(isServing).length;
}

/** The plan changes nothing about what is published. */
export function changesNothing({ phase }: Pick<ObjectPlan, 'phase'>): boolean {
  return phase === 'Refused' || phase === 'Pending';
}

function decideRemovals(input: DecideInput): readonly ObjectPlan[] {
  const plans = input.removals.map(planRemoval);
  if (input.options.policy !== 'sync') {
    return plans.map((plan) => ({ ...plan, phase: 'Orphaned', reason: 'ExcludedByPolicy', actions: [] }));
  }
  return input.options.allowMassDelete
    ? plans
    : guardDeletions(plans, input.ownedServices, input.removedBesides, input.guards.maxDeletesPercent);
}

/** What becomes of the objects of a target that left the list. */
export function planRemoval(removal: RemovalInput): ObjectPlan {
  return deletionPolicyOf(removal) === 'Orphan' ? planRelease(removal) : planDeletion(removal);
}
