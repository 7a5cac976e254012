import type { TargetList } from '../config/target-list.ts';
import { type Decision, decide, NO_CLUSTER } from '../decide/decide.ts';
import type { TargetSnapshot } from '../decide/resolve-addresses.ts';
import { NOTHING_KNOWN } from '../health/memory.ts';
import { keyOf } from '../model/target.ts';
import { NOTHING_EXISTS } from '../plan/existing-objects.ts';
import { type KnownBefore, observeTargets } from '../sync/pass/observe.ts';
import { instantOf } from '../time/clock.ts';
import type { CliContext } from './context.ts';
import { progressOn } from './rendering/terminal.ts';

/** Of `--timeout`, when the names must be resolved; the rest is for probing. */
const RESOLVED_BY = 0.5;

const NOTHING_BEFORE: Omit<KnownBefore, 'guards' | 'options'> = {
  health: NOTHING_KNOWN,
  hasNoStateStore: false,
  momentOf: (target) => ({ target, existing: NOTHING_EXISTS, memory: new Map() }),
};

/** What would be decided now for a cluster in which nothing exists yet. */
export async function decideOffline(
  list: TargetList,
  flags: { readonly timeout: number; readonly instance: string },
  context: CliContext,
): Promise<Decision> {
  const progress = progressOn(context.terminal.err);
  try {
    const options = {
      instance: flags.instance,
      adopt: false,
      policy: 'sync',
      allowMassDelete: false,
      acceptDrain: false,
    } as const;
    const moments = new Map<string, TargetSnapshot>();
    const health = await observeTargets(
      {
        ...list,
        limits: {
          maxProbesInFlight: context.maxProbesInFlight,
          resolvingTimeoutMs: flags.timeout * RESOLVED_BY,
          probingTimeoutMs: flags.timeout,
        },
        known: Promise.resolve({ ...NOTHING_BEFORE, guards: list.guards, options }),
        onObserved: (moment) => moments.set(keyOf(moment.target), moment),
      },
      context,
      progress.update,
      context.signal,
    );
    return decide(
      {
        targets: list.targets.flatMap((target) => moments.get(keyOf(target)) ?? []),
        removals: [],
        ownedServices: 0,
        removedBesides: 0,
        healthOf: (id) => health.get(id),
        guards: list.guards,
        options,
        hasNoStateStore: false,
        clusterWide: NO_CLUSTER,
      },
      instantOf(context.clock),
    );
  } finally {
    progress.end();
  }
}
