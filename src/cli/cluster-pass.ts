import type { TargetList } from '../config/target-list.ts';
import { deadlineAfter } from '../sync/deadline.ts';
import type { DecideOptions } from '../sync/decide.ts';
import { type PassResult, pass } from '../sync/pass/pass.ts';
import type { PassRequest } from '../sync/pass/pass-request.ts';
import type { Cluster, ClusterChoice } from './cluster.ts';
import type { CliContext } from './context.ts';
import type { ClusterFlags, DecisionFlags, PassFlags } from './options.ts';
import { progressOn } from './progress.ts';

/** Of `--timeout`, when each part of a pass is over; what is left is for reporting, and for saving the state. */
const RESOLVED_BY = 0.4;
const PROBED_BY = 0.7;
const WRITTEN_BY = 0.9;

export function clusterChoice(flags: ClusterFlags): ClusterChoice {
  const { kubeconfig, context, instance, stateNamespace } = flags;
  return { kubeconfig, context, instance, stateNamespace };
}

/** One pass over a cluster, with progress on the terminal; `--timeout` bounds all of it. */
export async function runPass(
  list: TargetList,
  flags: ClusterFlags & PassFlags,
  mode: PassRequest['mode'],
  cluster: Cluster,
  context: CliContext,
): Promise<PassResult> {
  const progress = progressOn(context.terminal.err);
  const deadline = deadlineAfter(flags.timeout, context.clock, new PassTimeout(flags.timeout));
  try {
    return await pass(
      {
        targets: list.targets,
        guards: list.guards,
        options: decideOptions(flags),
        limits: {
          maxProbesInFlight: context.maxProbesInFlight,
          resolvingTimeoutMs: flags.timeout * RESOLVED_BY,
          probingTimeoutMs: flags.timeout * PROBED_BY,
          writingTimeoutMs: flags.timeout * WRITTEN_BY,
        },
        mode,
      },
      { ...cluster, requestCount: () => cluster.requestCount(), ...observers(context) },
      progress.update,
      AbortSignal.any([context.signal, deadline.signal]),
    );
  } catch (error) {
    if (!(error instanceof PassTimeout)) throw error;
    return {
      ok: false,
      failure: { reason: 'Timeout', httpStatus: 0, message: error.message, outcomeUnknown: true },
    };
  } finally {
    progress.end();
    await deadline.end();
  }
}

class PassTimeout extends Error {
  constructor(timeoutMs: number) {
    super(`the pass did not end within ${timeoutMs / 1000} s (--timeout)`);
  }
}

export function decideOptions(flags: ClusterFlags & DecisionFlags): DecideOptions {
  return {
    instance: flags.instance,
    adopt: flags.adopt ?? false,
    policy: flags.policy,
    allowMassDelete: flags.allowMassDelete ?? false,
    acceptDrain: flags.acceptDrain ?? false,
  };
}

function observers({ resolver, prober, clock, random }: CliContext) {
  return { resolver, prober, clock, random };
}
