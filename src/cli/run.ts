import type { Command } from 'commander';
import { timingsProblem } from '../cluster/election-timings.ts';
import { runFollowing } from '../sync/run-follow.ts';
import { runBySchedule } from '../sync/run-schedule.ts';
import { steadyLog } from '../sync/steady-log.ts';
import type { ListSources, WorkerEnd, WorkerSettings } from '../sync/worker-context.ts';
import { clusterChoice, decideOptions } from './cluster-pass.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { sourcesOf } from './load-list.ts';
import { withClusterFlags, withClusterListFlags, withDecisionFlags, withExamples } from './options.ts';
import { type RunFlags, withWorkerFlags } from './run-options.ts';

export function describeRun(command: Command): Command {
  const described = command
    .summary('keep the cluster matching the target list until stopped')
    .description(
      'Keep the cluster matching the target list until stopped. It follows the list, DNS, health and the cluster, and writes every change when it happens. Several replicas elect a leader, which writes; the others resolve and check.',
    );
  return withExamples(
    withWorkerFlags(withDecisionFlags(withClusterFlags(withClusterListFlags(described)))),
    'external-endpoints run --config targets.yaml',
    'external-endpoints run --configmap shop/targets --listen 0.0.0.0:9090',
  );
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
    const settings = settingsOf(flags, sources);
    const end =
      flags.schedule === undefined
        ? await runFollowing(cluster, settings, log, context)
        : await runBySchedule(flags.schedule, cluster, settings, log, context);
    return EXIT_OF[end];
  } finally {
    await cluster.close();
  }
}

const EXIT_OF: Readonly<Record<WorkerEnd, ExitCode>> = {
  done: EXIT.done,
  cannotListen: EXIT.usage,
  clusterFailed: EXIT.clusterFailed,
};

function settingsOf(flags: RunFlags, { paths, configMaps, listName }: ListSources): WorkerSettings {
  return {
    options: decideOptions(flags),
    sources: { paths, configMaps, listName },
    allowEmpty: flags.allowEmpty ?? false,
    listen: flags.listen,
    leaderElect: flags.leaderElect !== 'false',
    timings: timingsOf(flags),
    resync: flags.resync,
    timezone: flags.timezone,
    cronJitterMs: flags.cronJitter,
    startupTimeoutMs: flags.startupTimeout,
    runTimeoutMs: flags.timeout,
  };
}

function timingsOf(flags: RunFlags): WorkerSettings['timings'] {
  const {
    leaseDuration: leaseDurationMs,
    renewDeadline: renewDeadlineMs,
    retryPeriod: retryPeriodMs,
  } = flags;
  return { leaseDurationMs, renewDeadlineMs, retryPeriodMs };
}

function flagsProblem(flags: RunFlags, { cron }: CliContext): string | undefined {
  for (const name of ['resync', 'schedule'] as const) {
    const expression = flags[name];
    const problem = expression === undefined ? undefined : cron.problemWith(expression);
    if (problem !== undefined) return `--${name} "${expression}" is not a cron expression: ${problem}`;
  }
  return timingsProblem(timingsOf(flags));
}
