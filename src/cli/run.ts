import { type Command, Option } from 'commander';
import { ClusterWatch } from '../sync/cluster-watch.ts';
import { Worker } from '../sync/worker.ts';
import { clusterChoice, decideOptions, MAX_PROBES_IN_FLIGHT } from './cluster-pass.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { loadList } from './load-list.ts';
import {
  type ClusterFlags,
  type DecisionFlags,
  type ListFlags,
  withClusterFlags,
  withDecisionFlags,
  withListFlags,
} from './options.ts';

interface RunFlags extends ListFlags, ClusterFlags, DecisionFlags {
  readonly logFormat?: 'json' | 'text';
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** Kubernetes kills a Pod 30 s after it asked it to end; nobody should have to wait for more than a few. */
const SHUTDOWN_TIMEOUT_MS = 4_000;

export function describeRun(command: Command): Command {
  const described = command
    .summary('the long-lived worker: keeps the cluster true to the list')
    .description(
      'Watches the list and the cluster, follows DNS, checks health on schedule, and writes what changes when it changes.',
    )
    .addOption(
      new Option('--log-format <format>', 'json, or text for people (default: text on a terminal)')
        .choices(['json', 'text'])
        .env('EXTERNAL_ENDPOINTS_LOG_FORMAT'),
    )
    .addOption(
      new Option('--log-level <level>', 'the least severe lines to log')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info')
        .env('EXTERNAL_ENDPOINTS_LOG_LEVEL'),
    )
    .addHelpText('after', '\nExample:\n  external-endpoints run --config targets.yaml');
  return withDecisionFlags(withClusterFlags(withListFlags(described)));
}

export async function runRun(flags: RunFlags, context: CliContext): Promise<ExitCode> {
  const { err } = context.terminal;
  const { clock, prober, random, resolver } = context;
  const log = await context.newLog(flags.logLevel, flags.logFormat ?? (err.isTerminal ? 'text' : 'json'));
  const connected = await context.connect(clusterChoice(flags));
  if (!connected.ok) {
    log.error('ClusterNotConfigured', connected.message);
    return EXIT.clusterFailed;
  }
  const { cluster } = connected;
  const registry = await context.newMetrics();
  const { metrics } = registry;
  cluster.onAnswer((method, code) => metrics.apiRequest(method, code));
  const { store, state } = cluster;
  const worker = new Worker(
    { store, state, resolver, prober, clock, random, log, metrics, isLeader: () => true },
    {
      options: decideOptions(flags),
      maxProbesInFlight: MAX_PROBES_IN_FLIGHT,
      shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS,
    },
  );
  const watch = new ClusterWatch(
    { store, clock, random },
    {
      instance: flags.instance,
      log,
      onUpsert: (object) => worker.onSighting({ object, deleted: false }),
      onDelete: (object) => worker.onSighting({ object, deleted: true }),
      onReplace: (kind, namespace, items) => worker.onReplacement(kind, namespace, items),
    },
  );
  const list = await loadList(flags, context);
  if (list === undefined) return EXIT.usage;
  worker.setList(list);
  watch.setTargets(list.targets);
  const stopping = new AbortController();
  const signal = AbortSignal.any([context.signal, stopping.signal]);
  try {
    await Promise.all(
      [worker.run(signal), watch.run(signal)].map((each) =>
        each.catch((error: unknown) => {
          stopping.abort(error);
          throw error;
        }),
      ),
    );
    return EXIT.done;
  } finally {
    await cluster.close();
  }
}
