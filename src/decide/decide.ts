import { assess } from '../endpoint/assess.ts';
import { type Assessment, isServing, readyAddressCount } from '../endpoint/assessment.ts';
import {
  CONFIRM_AFTER_MS,
  type DrainGuardState,
  drainedAddressesOf,
  type GuardedTarget,
  guardDrains,
  hasSuspendedDrain,
} from '../endpoint/drain-guard.ts';
import { keepLastReady, waitsForAnotherHost } from '../endpoint/last-ready.ts';
import type { NameMemory, NameTrouble, NameView } from '../endpoint/name-memory.ts';
import { applyPanic } from '../endpoint/panic.ts';
import { type Sources, sourcesOf } from '../endpoint/recovery.ts';
import { applyTiers } from '../endpoint/tiers.ts';
import type { IpAddress } from '../model/ip-address.ts';
import { keyOf, type Target } from '../model/target.ts';
import { publishedReadiness, publishingList, servingSlices } from '../plan/existing-objects.ts';
import { clusterFamiliesOf } from '../plan/families.ts';
import type { ObjectPlan } from '../plan/object-plan.ts';
import type { PlanContext, PlanOptions } from '../plan/plan-input.ts';
import { planRelease } from '../plan/plan-release.ts';
import { deletionPolicyOf, planDeletion, type RemovalInput } from '../plan/plan-removal.ts';
import { planTarget } from '../plan/plan-target.ts';
import { guardPruning, type ListTally } from '../plan/prune-guard.ts';
import { type Situation, situationOf } from '../plan/situation.ts';
import type { Instant } from '../time/clock.ts';
import { publishableCandidates } from './publishable-candidates.ts';
import { type NamingInput, resolveAddresses, type TargetSnapshot } from './resolve-addresses.ts';

/** Everything a decision follows from. Nothing else may influence it. */
export interface DecideInput extends NamingInput {
  readonly targets: readonly TargetSnapshot[];
  /** What is ours and stands under a name that the list no longer has. */
  readonly removals: readonly RemovalInput[];
  /** By name: the lists that this process has, and those of `--prune-list`. */
  readonly tallies: ReadonlyMap<string, ListTally>;
  /** The names of the lists that this process has. */
  readonly givenLists: ReadonlySet<string>;
  readonly options: DecideOptions;
  readonly clusterWide: ClusterWideView;
  /** Every target was observed once, or nobody waits for that any more. Until then nothing is drained or pruned. */
  readonly everythingObserved: boolean;
  /** Every part of the list and every kind in scope was read completely once. Until then nothing is pruned. */
  readonly everythingRead: boolean;
}

/** What the guard over all decisions has to know besides the targets at hand. */
export interface ClusterWideView {
  /** Ready addresses that other targets publish. */
  readonly readyInOtherTargets: number;
  /** The API server has answered lately: this worker can see at least that far. */
  readonly referenceReachable: boolean;
  /** When a check last found anything healthy, on the monotonic clock; -Infinity when none ever did. */
  readonly lastSuccessfulProbeMs: number;
  /** The same, on a host that is none of these. */
  readonly otherHostSeenMs: (addresses: ReadonlySet<IpAddress>) => number;
  readonly guard: DrainGuardState;
}

export interface DecideOptions extends PlanOptions {
  /** `--accept-drain`: the operator has looked, and the verdicts are right. */
  readonly acceptDrain: boolean;
  /** `--allow-mass-delete`. */
  readonly allowMassDelete: boolean;
  /** `--prune-list`: what these lists published goes although they are missing, or name nothing of it. */
  readonly pruneLists: readonly string[];
}

export interface Decision {
  /** In the order of the input, without those that are postponed. */
  readonly targets: readonly TargetDecision[];
  readonly removals: readonly ObjectPlan[];
  /** By target key: what cannot be decided yet, and why. */
  readonly postponed: ReadonlyMap<string, Postponement>;
  readonly guard: DrainGuardState;
  /** Addresses that verdicts turn unready, held back or not. */
  readonly drainedAddresses: number;
  /** When time alone will change something, on the monotonic clock; Infinity when it will not. */
  readonly nextWakeAtMs: number;
}

/**
 * `everythingObserved`: it would drain an address, and only all targets together tell an outage from a worker that is
 * cut off. `everythingRead`: it would delete something, and how much is ours is not known yet. `readAgain`: it would
 * make a slice beside others that were read a while ago; a new slice takes addresses from those, or completes them, and
 * carries no version that would show a change in them.
 */
export type Postponement = 'everythingObserved' | 'everythingRead' | 'readAgain';

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
  /** How many addresses take traffic once the plan is carried out, or go on taking it where there is none. */
  readonly readyAddresses: number;
  /** When time alone will change something about this target, on the monotonic clock. */
  readonly nextChangeAtMs: number;
}

/** What the decision about one target follows from, besides what is known of it. */
type TargetInput = NamingInput & Pick<DecideInput, 'options' | 'givenLists'>;

/**
 * Names × health × what exists → what to do. Pure: `plan` prints it, `sync` and `run` carry it out, and
 * a preview can therefore never differ from what is done.
 *
 * Yields after each target, so that ten thousand need not keep everything else waiting.
 */
export function* decide(input: DecideInput, now: Instant): Generator<void, Decision> {
  const { healthOf, guards, hasNoStateStore, options, givenLists, clusterWide } = input;
  const shared = { healthOf, guards, hasNoStateStore, options, givenLists, clusterWide };
  const postponed = new Map<string, Postponement>();
  const assessed: AssessedTarget[] = [];
  for (const moment of input.targets) {
    const each = assessTarget(moment, shared, now);
    if (input.everythingObserved || drainedAddressesOf(each) === 0) assessed.push(each);
    else postponed.set(each.key, 'everythingObserved');
    yield;
  }
  const guarded = guardDrains({
    targets: assessed,
    readyInOtherTargets: clusterWide.readyInOtherTargets,
    maxDrainPercent: guards.maxDrainPercent,
    acceptDrain: options.acceptDrain,
    referenceReachable: clusterWide.referenceReachable,
    lastSuccessfulProbeMs: clusterWide.lastSuccessfulProbeMs,
    state: clusterWide.guard,
    nowMs: now.monotonicMs,
  });
  const targets: TargetDecision[] = [];
  for (const [at, each] of assessed.entries()) {
    // What is held back takes the traffic as before, so a worse tier that was to step in goes on standing by.
    const verdicts = keepLastReady({
      ...each,
      assessments: applyTiers(guarded.assessments[at] ?? each.assessments),
      lastReady: options.acceptDrain ? 'drain' : each.moment.target.publish.lastReady,
      otherHostSeenMs: clusterWide.otherHostSeenMs,
    });
    const decision = planAssessed(each, verdicts, now);
    if (needsNewRead(decision, each.moment, now)) postponed.set(each.key, 'readAgain');
    else targets.push(decision);
    yield;
  }
  return {
    targets,
    removals: decideRemovals(input, postponed),
    postponed,
    guard: guarded.state,
    drainedAddresses: guarded.drainedAddresses,
    nextWakeAtMs: targets.reduce((earliest, each) => Math.min(earliest, each.nextChangeAtMs), Infinity),
  };
}

/** Objects that were read within this time are as good as new. */
const NEW_READ_MS = 1_000;

function needsNewRead(
  { plan }: TargetDecision,
  { existing, readAtMs }: TargetSnapshot,
  now: Instant,
): boolean {
  if (readAtMs === undefined || now.monotonicMs - readAtMs <= NEW_READ_MS) return false;
  return (
    existing.slices.length > 0 &&
    plan.actions.some(({ verb, kind }) => verb === 'create' && kind === 'EndpointSlice')
  );
}

function planContextOf(
  { target, existing }: TargetSnapshot,
  { options, givenLists: lists, guards }: TargetInput,
): PlanContext {
  return { target, existing, options: { ...options, lists, clusterFamilies: clusterFamiliesOf(guards) } };
}

/** One target by itself, before the guard has seen them all. */
interface AssessedTarget extends GuardedTarget {
  readonly moment: TargetSnapshot;
  readonly situation: Situation;
  readonly names: NameView;
}

function assessTarget(moment: TargetSnapshot, input: TargetInput, now: Instant): AssessedTarget {
  const { target, existing } = moment;
  const names = moment.names ?? resolveAddresses(moment, input, now);
  const each = assess({
    target,
    candidates: publishableCandidates(moment, names.known, input.guards),
    healthOf: input.healthOf,
    published: publishedReadiness(servingSlices(existing)),
  });
  const situation = situationOf(planContextOf(moment, input));
  return {
    key: keyOf(target),
    moment,
    situation,
    names,
    assessments: applyPanic(applyTiers(each), target.publish.panicThresholdPercent),
    published: situation.drainable,
    recoversPublished: moment.recoversPublished,
  };
}

function planAssessed(
  { moment, situation, names, published }: AssessedTarget,
  verdicts: readonly Assessment[],
  now: Instant,
): TargetDecision {
  const { target } = moment;
  const { memory, troubles } = names;
  const { plan, assessments } = planTarget({
    situation,
    assessments: verdicts,
    troubles,
    mirrorStopped: moment.mirrorStopped,
  });
  const lookAgainAtMs =
    hasSuspendedDrain(verdicts) || waitsForAnotherHost(verdicts)
      ? now.monotonicMs + CONFIRM_AFTER_MS
      : Number.POSITIVE_INFINITY;
  const keepsPublished = changesNothing(plan);
  // What is left as it stands has come from where it came from before.
  const former = keepsPublished ? (moment.sources ?? []) : [];
  return {
    target,
    plan,
    assessments,
    verdicts,
    troubles,
    memory,
    sources: [...new Set([...former, ...sourcesOf(target)])],
    readyAddresses: keepsPublished
      ? readyAddressCount(verdicts, published)
      : assessments.filter(isServing).length,
    nextChangeAtMs: Math.min(names.nextChangeAtMs, lookAgainAtMs),
  };
}

/** The plan changes nothing about what is published. */
export function changesNothing({ phase }: Pick<ObjectPlan, 'phase'>): boolean {
  return phase === 'Refused' || phase === 'Pending';
}

function decideRemovals(input: DecideInput, postponed: Map<string, Postponement>): readonly ObjectPlan[] {
  const released = input.removals.filter(({ release }) => release !== undefined).map(planRemoval);
  const pruned = input.removals.filter(({ release }) => release === undefined);
  if (!input.everythingRead || !input.everythingObserved) {
    for (const removal of pruned) postponed.set(keyOf(removal), 'everythingRead');
    return released;
  }
  const { options, tallies, guards } = input;
  const { policy, allowMassDelete } = options;
  if (policy !== 'sync') {
    const excluded = { phase: 'Orphaned', reason: 'ExcludedByPolicy', actions: [] } as const;
    return [...released, ...pruned.map((removal) => ({ ...planRemoval(removal), ...excluded }))];
  }
  const removals = pruned.map((removal) => ({
    plan: planRemoval(removal),
    list: publishingList(removal.existing, removal.instance),
  }));
  const { maxDeletesPercent } = guards;
  return [...released, ...guardPruning(removals, { tallies, maxDeletesPercent, allowMassDelete })];
}

/** What becomes of the objects of a target that left the list. */
export function planRemoval(removal: RemovalInput): ObjectPlan {
  if (removal.release !== undefined) return planRelease({ ...removal, ...removal.release });
  return deletionPolicyOf(removal) === 'Orphan' ? planRelease(removal) : planDeletion(removal);
}
