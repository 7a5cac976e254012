import type { ApiFailure, ObjectStore } from '../cluster/object-store.ts';
import { afterWriting, type ExistingObjects } from '../plan/existing-objects.ts';
import type { Continuation } from '../plan/object-plan.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import type { Written } from './target-record.ts';
import { writeActions } from './write-actions.ts';

/** What became of one plan. */
export interface ApplyResult {
  readonly plan: TargetPlan;
  readonly written: Written;
  /** The objects as this process knows them: as read, and as written since. */
  readonly existing: ExistingObjects;
  readonly outcome: ApplyOutcome;
}

export type ApplyOutcome =
  | { readonly status: 'done' }
  /** Everything was written; the next step needs this to come true first. */
  | { readonly status: 'continues'; readonly until: Continuation['until'] }
  /** The objects differ from those that the plan was made from, or the outcome is unknown: read and decide again. */
  | { readonly status: 'conflict'; readonly failure: ApplyFailure }
  | { readonly status: 'failed'; readonly failure: ApplyFailure };

/** `Pending`: nothing is wrong with the target, something else has to happen first. */
export interface ApplyFailure {
  readonly phase: 'Failed' | 'Pending';
  readonly reason: string;
  readonly message: string;
}

/** Writes a plan once. What follows, and whether it is tried again, is decided anew. */
export async function applyPlan(
  plan: TargetPlan,
  existing: ExistingObjects,
  store: ObjectStore,
  options: { readonly dryRun: boolean },
  signal: AbortSignal,
): Promise<ApplyResult> {
  const result = await writeActions(plan.plan, store, options, signal);
  const written = { actions: result.done, warnings: result.warnings };
  const now = options.dryRun ? existing : afterWriting(existing, result.objects);
  return { plan, written, existing: now, outcome: outcomeOf(plan, result, options) };
}

function outcomeOf(
  { plan: { continuation } }: TargetPlan,
  result: Awaited<ReturnType<typeof writeActions>>,
  { dryRun }: { readonly dryRun: boolean },
): ApplyOutcome {
  if (result.status === 'failed') return { status: 'failed', failure: describeFailure(result.failure) };
  if (result.status === 'outdated') return { status: 'conflict', failure: describeFailure(result.failure) };
  if (continuation === undefined || dryRun) return { status: 'done' };
  return { status: 'continues', until: continuation.until };
}

/** Reasons that end by themselves, or that another program ends. */
const PASSING: ReadonlySet<string> = new Set(['NamespaceTerminating', 'NamespaceNotFound', 'PassTimeout']);

export function describeFailure({ reason, message }: ApiFailure): ApplyFailure {
  return { phase: PASSING.has(reason) ? 'Pending' : 'Failed', reason, message };
}

/** The objects changed each time before they could be written. */
export const CHANGED_TOO_OFTEN: ApplyFailure = {
  phase: 'Pending',
  reason: 'NotSettled',
  message: 'the objects change faster than they are read; the next pass goes on',
};

/** A record has waited long enough for another controller. */
export function waitedTooLong(until: Continuation['until']): ApplyFailure {
  const phase = 'Pending';
  switch (until) {
    case 'MirroredSlicesGone':
      return {
        phase,
        reason: 'WaitingForMirroring',
        message:
          "the mirroring controller's EndpointSlices are still there; they are removed when it is safe",
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

/** The failure is the server's and not the target's. */
export function isServerAway({ outcome }: Pick<ApplyResult, 'outcome'>): boolean {
  return 'failure' in outcome && SERVER_REASONS.has(outcome.failure.reason);
}

const SERVER_REASONS: ReadonlySet<string> = new Set([
  'Unreachable',
  'Timeout',
  'TooManyRequests',
  'ServerError',
  'Unauthorized',
  'CredentialsUnavailable',
]);
