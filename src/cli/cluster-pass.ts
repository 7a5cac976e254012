import { NO_EVENTS } from '../cluster/event-sink.ts';
import type { TargetList } from '../config/target-list.ts';
import type { DecideOptions } from '../decide/decide.ts';
import { NO_LOG } from '../model/log.ts';
import { NO_METRICS } from '../sync/metrics.ts';
import type { OnceResult } from '../sync/once.ts';
import type { Policy } from '../sync/policy.ts';
import { type RunTime, runInTime } from '../sync/run-time.ts';
import type { Cluster, ClusterChoice } from './cluster.ts';
import type { CliContext } from './context.ts';
import type { ClusterFlags, DecisionFlags, PassFlags } from './options.ts';
import { progressOn } from './rendering/terminal.ts';

export interface PassOrder {
  readonly flags: ClusterFlags & PassFlags;
  readonly writes: Policy['writes'];
  readonly time: RunTime;
}

export function clusterChoice(flags: ClusterFlags): ClusterChoice {
  const { kubeconfig, context, instance, stateNamespace } = flags;
  return { kubeconfig, context, instance, stateNamespace };
}

/** One pass over a cluster, with progress on the terminal. */
export async function runPass(
  list: TargetList,
  { flags, writes, time }: PassOrder,
  cluster: Cluster,
  context: CliContext,
): Promise<OnceResult> {
  const progress = progressOn(context.terminal.err);
  const { maxProbesInFlight, signal } = context;
  const request = { work: { list }, options: decideOptions(flags), writes, maxProbesInFlight };
  const ports = { ...observers(context), ...SILENT, cluster: accessTo(cluster), isLeader: () => true };
  try {
    return await runInTime(request, time, ports, progress.update, signal);
  } finally {
    progress.end();
  }
}

export function decideOptions(flags: Pick<ClusterFlags, 'instance'> & DecisionFlags): DecideOptions {
  return {
    instance: flags.instance,
    adopt: flags.adopt ?? false,
    policy: flags.policy,
    allowMassDelete: flags.allowMassDelete ?? false,
    acceptDrain: flags.acceptDrain ?? false,
    pruneLists: flags.pruneList ?? [],
  };
}

/** A single pass prints a report, so it writes no log, metrics or Events. */
export const SILENT = { log: NO_LOG, metrics: NO_METRICS, events: NO_EVENTS };

export function accessTo(cluster: Cluster) {
  const { store, state } = cluster;
  return { store, state, requestCount: () => cluster.requestCount() };
}

export function observers({ resolver, prober, clock, random }: CliContext) {
  return { resolver, prober, clock, random };
}
