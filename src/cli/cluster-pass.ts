import type { TargetList } from '../config/target-list.ts';
import type { DecideOptions } from '../decide/decide.ts';
import { type PassResult, pass } from '../sync/pass/pass.ts';
import type { PassRequest } from '../sync/pass/pass-request.ts';
import type { Cluster, ClusterChoice } from './cluster.ts';
import type { CliContext } from './context.ts';
import type { ClusterFlags, DecisionFlags, PassFlags } from './options.ts';
import type { PassTime } from './pass-time.ts';
import { progressOn } from './rendering/terminal.ts';

/** Of the time that is left when the list has been read, when each part of a pass is over; what is left is for reporting, and for saving the state. */
const RESOLVED_BY = 0.4;
const PROBED_BY = 0.7;
const WRITTEN_BY = 0.9;

export interface PassOrder {
  readonly flags: ClusterFlags & PassFlags;
  readonly mode: PassRequest['mode'];
  readonly time: PassTime;
}

export function clusterChoice(flags: ClusterFlags): ClusterChoice {
  const { kubeconfig, context, instance, stateNamespace } = flags;
  return { kubeconfig, context, instance, stateNamespace };
}

/** One pass over a cluster, with progress on the terminal. */
export async function runPass(
  list: TargetList,
  { flags, mode, time }: PassOrder,
  cluster: Cluster,
  context: CliContext,
): Promise<PassResult> {
  const progress = progressOn(context.terminal.err);
  const { leftMs } = time;
  const request: PassRequest = {
    targets: list.targets,
    guards: list.guards,
    options: decideOptions(flags),
    limits: {
      maxProbesInFlight: context.maxProbesInFlight,
      resolvingTimeoutMs: leftMs * RESOLVED_BY,
      probingTimeoutMs: leftMs * PROBED_BY,
      writingTimeoutMs: leftMs * WRITTEN_BY,
    },
    mode,
  };
  const ports = { ...cluster, requestCount: () => cluster.requestCount(), ...observers(context) };
  try {
    return await time.bound((signal) => pass(request, ports, progress.update, signal), context.signal);
  } finally {
    progress.end();
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
