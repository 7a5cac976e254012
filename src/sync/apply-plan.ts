import type { ApiFailure, ObjectStore } from '../cluster/object-store.ts';
import { readService } from '../cluster/read-cluster.ts';
import {
  afterWriting,
  type ExistingObjects,
  isMirrorInStep,
  slicesByOwner,
} from '../plan/existing-objects.ts';
import type { Action, Continuation, ObjectPlan } from '../plan/object-plan.ts';
import { arePodsReady } from '../plan/plan-release.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import type { Clock } from '../time/clock.ts';
import { Limiter } from '../time/limiter.ts';
import { type PlanOutcome, writeActions } from './write-actions.ts';

/** What became of one target's plan, over as many rounds as it took. */
export interface ApplyResult {
  /** Plan and addresses of the last round. */
  readonly last: TargetPlan;
  /** Everything that was written, over all rounds. */
  readonly written: readonly Action[];
  readonly warnings: readonly string[];
  /** What exists now, as far as this process knows: what was read last, and what was written since. */
  readonly existing: ExistingObjects;
  /** Present when it ended badly. */
  readonly failure?: ApplyFailure;
}

/** `Pending`: nothing is wrong with the target, something else has to happen first. */
export interface ApplyFailure {
  readonly phase: 'Failed' | 'Pending';
  readonly reason: string;
  readonly message: string;
}

export interface ApplyOptions {
  readonly instance: string;
  readonly dryRun: boolean;
  /** How often the cluster may turn out to be other than it was read. */
  readonly maxRounds: number;
  /** How long to wait for another controller in one pass. */
  readonly continuationTimeoutMs: number;
}

export const DEFAULT_APPLY_LIMITS = { maxRounds: 6, continuationTimeoutMs: 15_000 } as const;

export interface ApplyPorts {
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly turns: ApplySlots;
  /** Told when a plan begins to wait for another controller, and so has left its turn to write to others. */
  readonly onWaiting?: () => void;
}

/**
 * Bounds over all plans that are settled side by side. Whoever waits for another controller keeps no place among
 * those who write: a mirroring controller that is down must not keep verdicts of other targets from being written.
 */
export interface ApplySlots {
  readonly writing: Limiter;
  readonly waiting: Limiter;
}

/** More writers only make the API server slower (measured: 8 to 32 are alike). */
const WRITERS = 16;

/** Each reads three times a round, and a round comes once a second. */
const WAITERS = 64;

export function newApplySlots(): ApplySlots {
  return { writing: new Limiter(WRITERS), waiting: new Limiter(WAITERS) };
}

/**
 * Plans the target again from what the cluster has now. Undefined: what was decided is out of date by now, and
 * whoever decided it will decide again.
 */
export type Replan = (existing: ExistingObjects) => TargetPlan | undefined;

/**
 * Carries a plan out, and where the plan asks for it or the cluster has changed meanwhile, reads again and plans
 * again, a bounded number of times.
 */
export async function applyPlan(
  first: TargetPlan,
  firstExisting: ExistingObjects,
  replan: Replan,
  ports: ApplyPorts,
  options: ApplyOptions,
  signal: AbortSignal,
): Promise<ApplyResult> {
  const { store, turns } = ports;
  let last = first;
  let existing = firstExisting;
  const written: Action[] = [];
  const warnings: string[] = [];
  for (let round = 1; ; round++) {
    const { plan } = last;
    const outcome = await turns.writing.run(() => writeActions(plan, store, options, signal));
    written.push(...outcome.done);
    warnings.push(...outcome.warnings);
    if (!options.dryRun) existing = afterWriting(existing, outcome.objects);
    const so = { last, written, warnings, existing };
    const end = endOf(outcome, plan, round, options);
    if (end.ended) return end.failure === undefined ? so : { ...so, failure: end.failure };
    const { continuation } = end;
    ports.onWaiting?.();
    const reading = await turns.waiting.run(() =>
      awaitContinuation(plan, continuation, ports, options, signal),
    );
    if (reading === 'timeout') return { ...so, failure: waitedInVain(continuation) };
    if (!reading.ok) return { ...so, failure: describe(reading.failure) };
    existing = reading.value;
    const next = replan(existing);
    if (next === undefined) return { last, written, warnings, existing };
    last = next;
  }
}

type RoundEnd =
  | { readonly ended: true; readonly failure?: ApplyFailure }
  | { readonly ended: false; readonly continuation: Continuation };

/** Whether another round follows, and what it waits for. */
function endOf(outcome: PlanOutcome, plan: ObjectPlan, round: number, options: ApplyOptions): RoundEnd {
  if (outcome.status === 'failed') return { ended: true, failure: describe(outcome.failure) };
  const isLast = round === options.maxRounds;
  if (outcome.status === 'outdated') {
    if (isLast) return { ended: true, failure: describe(outcome.failure) };
    return { ended: false, continuation: { until: 'ServiceRead' } };
  }
  const { continuation } = plan;
  if (continuation === undefined || options.dryRun) return { ended: true };
  return isLast ? { ended: true, failure: CHANGED_TOO_OFTEN } : { ended: false, continuation };
}

async function awaitContinuation(
  plan: ObjectPlan,
  continuation: Continuation,
  { store, clock }: ApplyPorts,
  options: ApplyOptions,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof readService>> | 'timeout'> {
  const deadlineMs = clock.monotonicNow() + options.continuationTimeoutMs;
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 1_000)) {
    const existing = await readService(plan, store, signal);
    if (!existing.ok || cameTrue(continuation, existing.value, options.instance)) return existing;
    if (clock.monotonicNow() + pauseMs > deadlineMs) return 'timeout';
    await clock.sleep(pauseMs, signal);
  }
}

function cameTrue(continuation: Continuation, existing: ExistingObjects, instance: string): boolean {
  const slices = slicesByOwner(existing, instance);
  switch (continuation.until) {
    case 'ServiceRead':
      return true;
    case 'MirroredSlicesGone':
      return slices.mirrored.length === 0;
    case 'MirroredSlicesPresent':
      return isMirrorInStep(existing, slices);
    case 'SelectedPodsReady':
      return arePodsReady(slices);
  }
}

const CHANGED_TOO_OFTEN: ApplyFailure = {
  phase: 'Pending',
  reason: 'NotSettled',
  message: 'the objects change faster than they are read; the next pass goes on',
};

function waitedInVain(continuation: Continuation): ApplyFailure {
  const phase = 'Pending';
  switch (continuation.until) {
    case 'MirroredSlicesGone':
      return {
        phase,
        reason: 'WaitingForMirroring',
        message:
          "the mirroring controller's EndpointSlices are still there; the next pass removes them and goes on",
      };
    case 'SelectedPodsReady':
      return {
        phase,
        reason: 'WaitingForPods',
        message: 'no Pod that the Service selects is ready yet; ours stay until one is',
      };
    default:
      return {
        phase,
        reason: 'WaitingForMirroring',
        message:
          'the mirroring controller has not made its EndpointSlices yet; what serves now stays until it has',
      };
  }
}

/** Reasons that pass by themselves, or that only somebody else can do something about. */
const PASSING: ReadonlySet<string> = new Set(['NamespaceTerminating', 'NamespaceNotFound', 'PassTimeout']);

function describe({ reason, message }: ApiFailure): ApplyFailure {
  return { phase: PASSING.has(reason) ? 'Pending' : 'Failed', reason, message };
}
