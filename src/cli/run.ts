import type { Command } from 'commander';
import { timingsProblem } from '../cluster/election-timings.ts';
import { steadyLog } from '../sync/steady-log.ts';
import { clusterChoice } from './cluster-pass.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { sourcesOf } from './load-list.ts';
import { withClusterFlags, withClusterListFlags, withDecisionFlags } from './options.ts';
import { timingsOf } from './replica.ts';
import { runBySchedule } from './run-by-schedule.ts';
import { runContinuously } from './run-continuously.ts';
import { type RunFlags, withWorkerFlags } from './run-options.ts';

export function describeRun(command: Command): Command {
  const described = command
    .summary('the long-lived worker: keeps the cluster true to the list')
    .description(
      'Follows the list, DNS, health and the cluster, and writes what changes when it changes. Several replicas elect a leader; the others stand by, resolving and checking.',
    )
    .addHelpText('after', '\nExample:\n  external-endpoints run --config targets.yaml');
  return withWorkerFlags(withDecisionFlags(withClusterFlags(withClusterListFlags(described))));
}

export async function runRun(flags: RunFlags, context: CliContext): Promise<ExitCode> {
  const { err } = context.terminal;
  const format = flags.logFormat ?? (err.isTerminal ? 'text' : 'json');
  const log = steadyLog(await context.newLog(flags.logLevel, format), context.clock);
  const sources = sourcesOf(flags);
  const problem = sources.ok ? flagsProblem(flags, context) : sources.message;
  if (!sources.ok || problem !== undefined) {
    err.write(`error: ${problem}\n`);
    return EXIT.usage;
  }
  const connected = await context.connect(clusterChoice(flags));
  if (!connected.ok) {
    log.error('ClusterNotConfigured', connected.message);
    return EXIT.clusterFailed;
  }
  const { cluster } = connected;
  try {
    return flags.schedule === undefined
      ? await runContinuously(cluster, flags, sources, log, context)
      : await runBySchedule(flags.schedule, cluster, flags, sources, log, context);
  } finally {
    await cluster.close();
  }
}

function flagsProblem(flags: RunFlags, { cron }: CliContext): string | undefined {
  for (const name of ['resync', 'schedule'] as const) {
    const expression = flags[name];
    const problem = expression === undefined ? undefined : cron.problemWith(expression);
    if (problem !== undefined) return `--${name} "${expression}" is no cron expression: ${problem}`;
  }
  return timingsProblem(timingsOf(flags));
}
