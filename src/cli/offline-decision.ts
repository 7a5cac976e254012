import type { TargetList } from '../config/target-list.ts';
import { NOTHING_KNOWN } from '../health/memory.ts';
import { NOTHING_EXISTS } from '../plan/existing-objects.ts';
import { type Decision, decide, NO_FLEET, type TargetMoment } from '../sync/decide.ts';
import { checkAddresses, resolveNames } from '../sync/observe.ts';
import { instantOf } from '../target/clock.ts';
import { keyOf } from '../target/target.ts';
import { MAX_PROBES_IN_FLIGHT } from './cluster-pass.ts';
import type { CliContext } from './context.ts';
import { progressOn } from './progress.ts';

/** What would be decided now for a cluster in which nothing exists yet. */
export async function decideOffline(
  list: TargetList,
  flags: { readonly timeout: number; readonly instance: string },
  context: CliContext,
): Promise<Decision> {
  const progress = progressOn(context.terminal.err);
  try {
    const answers = await resolveNames(list.targets, context, progress.update, context.signal);
    const moments = list.targets.map(
      (target): TargetMoment => ({
        target,
        existing: NOTHING_EXISTS,
        memory: new Map(),
        answers: answers.get(keyOf(target)) ?? new Map(),
      }),
    );
    const limits = { maxProbesInFlight: MAX_PROBES_IN_FLIGHT, probingTimeoutMs: flags.timeout };
    const health = await checkAddresses(
      moments,
      list.guards,
      NOTHING_KNOWN,
      context,
      limits,
      progress.update,
      context.signal,
    );
    return decide(
      {
        targets: moments,
        removals: [],
        ownedServices: 0,
        healthOf: (id) => health.get(id),
        guards: list.guards,
        options: {
          instance: flags.instance,
          adopt: false,
          policy: 'sync',
          allowMassDelete: false,
          acceptDrain: false,
        },
        stateless: false,
        fleet: NO_FLEET,
      },
      instantOf(context.clock),
    );
  } finally {
    progress.end();
  }
}
