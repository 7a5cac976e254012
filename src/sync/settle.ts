import { afterWriting, type ExistingObjects, slicesByOwner } from '../plan/existing-objects.ts';
import type { Action, Continuation, ObjectPlan } from '../plan/object-plan.ts';
import { mirrorCovers } from '../plan/plan-removal.ts';
import type { TargetPlan } from '../plan/plan-target.ts';
import type { Clock } from '../target/clock.ts';
import { carryOut } from './carry-out.ts';
import type { ApiFailure, ObjectStore } from './object-store.ts';
import { readService } from './read-cluster.ts';

/** What became of one target's plan, over as many rounds as it took. */
export interface Settlement {
  /** Plan and addresses of the last round. */
  readonly last: TargetPlan;
  /** Everything that was written, over all rounds. */
  readonly written: readonly Action[];
  readonly warnings: readonly string[];
  /** What exists now, as far as this process knows: what was read last, and what was written since. */
  readonly existing: ExistingObjects;
  /** Present when it ended badly. */
  readonly failure?: { readonly reason: string; readonly message: string };
}

export interface SettleOptions {
  readonly instance: string;
  readonly dryRun: boolean;
  /** How often the cluster may turn out to be other than it was read. */
  readonly maxRounds: number;
  /** How long to wait for another controller in one pass. */
  readonly continuationTimeoutMs: number;
}

export const DEFAULT_SETTLE_LIMITS = { maxRounds: 6, continuationTimeoutMs: 15_000 } as const;

/** Plans the target again from what the cluster has now. */
export type Replan = (existing: ExistingObjects) => TargetPlan;

/**
 * Carries a plan out, and where the plan asks for it or the cluster has changed meanwhile, reads again and plans
 * again, a bounded number of times.
 */
export async function settle(
  first: TargetPlan,
  firstExisting: ExistingObjects,
  replan: Replan,
  ports: { readonly store: ObjectStore; readonly clock: Clock },
  options: SettleOptions,
  signal: AbortSignal,
): Promise<Settlement> {
  let last = first;
  let existing = firstExisting;
  const written: Action[] = [];
  const warnings: string[] = [];
  for (let round = 1; ; round++) {
    const { plan } = last;
    const outcome = await carryOut(plan, ports.store, options, signal);
    written.push(...outcome.done);
    warnings.push(...outcome.warnings);
    existing = afterWriting(existing, outcome.objects);
    const so = { last, written, warnings, existing };
    if (outcome.status === 'failed') return { ...so, failure: describe(outcome.failure) };
    const { continuation } = plan;
    if (outcome.status === 'done' && (continuation === undefined || options.dryRun)) return so;
    if (round === options.maxRounds) {
      const failure =
        outcome.status === 'outdated'
          ? describe(outcome.failure)
          : { reason: 'NotSettled', message: `still not done after ${round} rounds` };
      return { ...so, failure };
    }
    const reading =
      outcome.status === 'outdated' || continuation === undefined
        ? await readService(plan, ports.store, signal)
        : await awaitContinuation(plan, continuation, ports, options, signal);
    if (reading === 'timeout') return { ...so, failure: waitedInVain(continuation) };
    if (!reading.ok) return { ...so, failure: describe(reading.failure) };
    existing = reading.value;
    last = replan(existing);
  }
}

async function awaitContinuation(
  plan: ObjectPlan,
  continuation: Continuation,
  { store, clock }: { readonly store: ObjectStore; readonly clock: Clock },
  options: SettleOptions,
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
      return slices.mirrored.length > 0 && mirrorCovers(slices);
  }
}

function waitedInVain(continuation: Continuation | undefined) {
  return {
    reason: 'WaitingForMirroring',
    message:
      continuation?.until === 'MirroredSlicesGone'
        ? "the mirroring controller's EndpointSlices are still there; the handover goes on in the next pass"
        : 'the mirroring controller has not made its EndpointSlices yet; ours stay until it has',
  };
}

function describe({ reason, message }: ApiFailure) {
  return { reason, message };
}
