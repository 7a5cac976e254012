import { resolveAddresses, type TargetSnapshot } from '../../decide/resolve-addresses.ts';
import type { Resolver } from '../../dns/resolver.ts';
import { candidatesOf, isToBeChecked } from '../../endpoint/candidate.ts';
import { checksOf } from '../../health/check.ts';
import type { CheckId, Health } from '../../health/health.ts';
import type { HealthMemory } from '../../health/memory.ts';
import { OneShotChecks } from '../../health/one-shot.ts';
import type { Prober } from '../../health/probe.ts';
import type { Guards } from '../../model/guards.ts';
import type { Target } from '../../model/target.ts';
import { type Clock, instantOf } from '../../time/clock.ts';
import { LinkedController } from '../../time/linked-controller.ts';
import type { Random } from '../../time/random.ts';
import { resolveNames } from './resolve-names.ts';

/** How the world is looked at. */
export interface Observers {
  readonly resolver: Resolver;
  readonly prober: Prober;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ObservationLimits {
  /** Sockets of health checks at a time. */
  readonly maxProbesInFlight: number;
  /** Counted from the beginning. A name without an answer by then counts as one that nobody answers for. */
  readonly resolvingTimeoutMs: number;
  /** Counted from the beginning. What has no verdict by then stays as it is published. */
  readonly probingTimeoutMs: number;
}

/** How far a pass is, for a progress line. */
export type OnProgress = (step: 'resolving' | 'checking' | 'writing', done: number, total: number) => void;

export interface ObservationRequest {
  readonly targets: readonly Target[];
  readonly limits: ObservationLimits;
  /** What was known before this pass; names are resolved while it is being read. Undefined: look no further. */
  readonly known: Promise<KnownBefore | undefined>;
  /** A target's names are resolved and its addresses have verdicts, as far as they come to any. */
  readonly onObserved: (moment: TargetSnapshot, healthOf: HealthOf) => void;
}

export interface KnownBefore {
  readonly health: HealthMemory;
  readonly hasNoStateStore: boolean;
  readonly guards: Guards;
  readonly options: { readonly instance: string };
  /** What is known of a target besides its answers; undefined when it is not to be decided. */
  momentOf(target: Target): Omit<TargetSnapshot, 'answers'> | undefined;
}

export type HealthOf = (id: CheckId) => Health | undefined;

/**
 * Looks at every target of a pass: each for itself, all side by side, so that a name nobody answers for and a host
 * that swallows packets cost their own target time and no other. Resolves with the health of every check that was
 * made.
 */
export async function observeTargets(
  request: ObservationRequest,
  observers: Observers,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ReadonlyMap<CheckId, Health>> {
  const { clock } = observers;
  const { maxProbesInFlight, resolvingTimeoutMs, probingTimeoutMs } = request.limits;
  const startedMs = clock.monotonicNow();
  const resolving = resolveNames(request.targets, resolvingTimeoutMs, observers, signal);
  let resolved = 0;
  for (const each of resolving) {
    // A rejection is the caller's, who awaits the same promise.
    each.then(
      () => onProgress('resolving', ++resolved, resolving.length),
      () => undefined,
    );
  }
  const before = await request.known;
  if (before === undefined) {
    await Promise.allSettled(resolving);
    return new Map();
  }
  const checks = new OneShotChecks({
    ...observers,
    previous: before.health,
    maxInFlight: maxProbesInFlight,
    timeoutMs: startedMs + probingTimeoutMs - clock.monotonicNow(),
    onProgress: (settled, total) => onProgress('checking', settled, total),
  });
  const unprobed = {
    ...before,
    healthOf: () => undefined,
    clusterWide: { lastSuccessfulProbeMs: Number.NEGATIVE_INFINITY },
  };
  const observe = async (target: Target, at: number) => {
    const known = before.momentOf(target);
    const answers = await resolving[at];
    if (known === undefined || answers === undefined) return;
    const moment = { ...known, answers };
    const now = instantOf(clock);
    const names = resolveAddresses(moment, unprobed, now);
    const candidates = candidatesOf(target, names.known, before.guards).filter(isToBeChecked);
    await checks.form(checksOf(target, candidates));
    request.onObserved(moment, (id) => checks.results.get(id));
  };
  using until = new LinkedController(signal);
  const probing = checks.run(until.signal).catch((error: unknown) => {
    if (error !== OBSERVED) throw error;
  });
  try {
    await Promise.race([Promise.all(request.targets.map(observe)), probing]);
  } finally {
    until.abort(OBSERVED);
    await probing;
  }
  return checks.results;
}

const OBSERVED = new Error('every target was observed');
