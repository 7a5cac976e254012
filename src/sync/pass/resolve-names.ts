import type { Resolver } from '../../dns/resolver.ts';
import { sourceKey } from '../../endpoint/candidate.ts';
import type { AnsweredName } from '../../endpoint/name-memory.ts';
import type { EndpointSource, Target } from '../../model/target.ts';
import type { Clock } from '../../time/clock.ts';
import { deadlineAfter } from '../../time/deadline.ts';

/** By source key. A name that nobody answered for in time is not in it. */
export type TargetAnswers = ReadonlyMap<string, AnsweredName>;

interface NamePorts {
  readonly resolver: Resolver;
  readonly clock: Clock;
}

const OUT_OF_TIME = new Error('the time for resolving is over');

/**
 * Asks for the names of every target, side by side. After `timeoutMs` nobody is waited for any more: servers that
 * are silent would otherwise use up the time that a pass has, and with it the verdicts of targets without names.
 *
 * @returns the answers of each target, in the order of `targets`. Each rejects with `signal.reason` alone.
 */
export function resolveNames(
  targets: readonly Target[],
  timeoutMs: number,
  ports: NamePorts,
  signal: AbortSignal,
): readonly Promise<TargetAnswers>[] {
  const deadline = deadlineAfter(timeoutMs, ports.clock, OUT_OF_TIME, signal);
  const answers = targets.map((target) => answersFor(target, ports, deadline.signal));
  void Promise.allSettled(answers).then(() => deadline.end());
  return answers;
}

async function answersFor(target: Target, ports: NamePorts, until: AbortSignal): Promise<TargetAnswers> {
  const answers = await Promise.all(
    target.endpoints.map((source) => answerFor(source, target, ports, until)),
  );
  return new Map(answers.filter((answer) => answer !== undefined));
}

async function answerFor(
  source: EndpointSource,
  { dns }: Target,
  { resolver, clock }: NamePorts,
  until: AbortSignal,
): Promise<readonly [string, AnsweredName] | undefined> {
  if (source.kind === 'address') return undefined;
  try {
    const resolution = await resolver.resolve(source, dns, until);
    const nowMs = clock.monotonicNow();
    return [sourceKey(source), { resolution, answeredAtMs: { IPv4: nowMs, IPv6: nowMs } }];
  } catch (error) {
    if (error === OUT_OF_TIME) return undefined;
    throw error;
  }
}
