import type { Resolver } from '../dns/resolver.ts';
import { candidatesOf, isToBeChecked, sourceKey } from '../endpoint/candidate.ts';
import type { AnsweredName } from '../endpoint/name-memory.ts';
import { checksOf } from '../health/check.ts';
import type { Check, CheckId, Health } from '../health/health.ts';
import type { HealthMemory } from '../health/memory.ts';
import { formVerdicts } from '../health/one-shot.ts';
import type { Prober } from '../health/probe.ts';
import { type Clock, instantOf } from '../target/clock.ts';
import type { Guards } from '../target/guards.ts';
import type { Random } from '../target/random.ts';
import { keyOf, type Target } from '../target/target.ts';
import { type TargetMoment, viewMoment } from './decide.ts';

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
  /** For all health checks of the pass; what has no verdict by then stays as it is published. */
  readonly probingTimeoutMs: number;
}

/** How far a pass is, for a progress line. */
export type OnProgress = (step: 'resolving' | 'checking' | 'writing', done: number, total: number) => void;

/** The newest answer for each name of each target, by target key and source key. All side by side. */
export async function resolveNames(
  targets: readonly Target[],
  observers: Observers,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReadonlyMap<string, AnsweredName>>> {
  let total = 0;
  let done = 0;
  const ofTarget = async (target: Target) => {
    const answers = await Promise.all(
      target.endpoints.flatMap((source) => {
        if (source.kind === 'address') return [];
        total += 1;
        return [
          observers.resolver.resolve(source, target.dns, signal).then((resolution) => {
            done += 1;
            onProgress('resolving', done, total);
            const answer = { resolution, answeredAtMs: observers.clock.monotonicNow() };
            return [sourceKey(source), answer] as const;
          }),
        ];
      }),
    );
    return [keyOf(target), new Map(answers)] as const;
  };
  return new Map(await Promise.all(targets.map(ofTarget)));
}

/** The health of every address that a target may have, those held over included. */
export function checkAddresses(
  moments: readonly TargetMoment[],
  guards: Guards,
  known: HealthMemory,
  observers: Observers,
  limits: ObservationLimits,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<ReadonlyMap<CheckId, Health>> {
  return formVerdicts(
    {
      checks: checksFor(moments, guards, observers.clock),
      previous: known,
      prober: observers.prober,
      clock: observers.clock,
      random: observers.random,
      maxInFlight: limits.maxProbesInFlight,
      until: 'verdict',
      timeoutMs: limits.probingTimeoutMs,
      onProgress: (settled, total) => onProgress('checking', settled, total),
    },
    signal,
  );
}

/** The first address of every target, then the second of every target, and so on: none stands behind another. */
function checksFor(moments: readonly TargetMoment[], guards: Guards, clock: Clock): Check[] {
  const now = instantOf(clock);
  const perTarget = moments.map((moment) => {
    const { known } = viewMoment(moment, () => undefined, false, now);
    const candidates = candidatesOf(moment.target, known, guards);
    return checksOf(moment.target, candidates.filter(isToBeChecked));
  });
  const checks = new Map<CheckId, Check>();
  const longest = Math.max(0, ...perTarget.map((each) => each.length));
  for (let position = 0; position < longest; position++) {
    for (const each of perTarget) {
      const check = each[position];
      if (check !== undefined) checks.set(check.id, check);
    }
  }
  return [...checks.values()];
}
