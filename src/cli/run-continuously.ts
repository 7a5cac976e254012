import { ClusterWatch } from '../cluster/cluster-watch.ts';
import { EventRecorder } from '../cluster/event-recorder.ts';
import { fencedStore } from '../cluster/fenced-store.ts';
import type { Log } from '../model/log.ts';
import { Engine } from '../sync/controller.ts';
import { Reachability } from '../sync/reachability.ts';
import { type ReadinessCondition, type StatusRoutes, statusRoutes } from '../sync/status-routes.ts';
import { Worker } from '../sync/worker.ts';
import type { WorkerStatus } from '../sync/worker-status.ts';
import type { Task } from '../time/run-together.ts';
import type { Cluster } from './cluster.ts';
import { decideOptions } from './cluster-pass.ts';
import type { CliContext, MetricsRegistry } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { followList } from './live-list.ts';
import type { ListSources } from './load-list.ts';
import { logStopping, replicaOf } from './replica.ts';
import type { RunFlags } from './run-options.ts';
import { serveStatus } from './serve-status.ts';

/**
 * For writes under way and the state. A second for the lease and half a second for who is being answered come after
 * it, which together is less than the five seconds that anybody has to wait.
 */
const SHUTDOWN_TIMEOUT_MS = 3_000;

/** The loop turns at least once a minute; one that has not for three is stuck. */
const ALIVE_WITHIN_MS = 180_000;

/** Follows the list, DNS, health and the cluster until the user ends it. */
export async function runContinuously(
  cluster: Cluster,
  flags: RunFlags,
  sources: ListSources,
  log: Log,
  context: CliContext,
): Promise<ExitCode> {
  const { clock, prober, random, resolver } = context;
  const { store, state } = cluster;
  const registry = await context.newMetrics();
  const { metrics } = registry;
  const reachability = new Reachability(log, clock);
  cluster.onAnswer((method, code) => {
    metrics.apiRequest(method, code);
    reachability.note(code);
  });
  const replica = replicaOf(cluster, flags, log, context, () => engine.onLeadership());
  const isLeader = () => replica.isLeader();
  const events = new EventRecorder(
    { store: fencedStore(store, isLeader), clock, random },
    {
      identity: context.identity,
      onOutcome: (outcome) => metrics.eventTold(typeof outcome === 'string' ? outcome : outcome.reason),
    },
  );
  const engine = new Engine(
    { store, resolver, prober, clock, random, log, metrics, events, isLeader },
    { options: decideOptions(flags), maxProbesInFlight: context.maxProbesInFlight },
  );
  const worker = new Worker(engine, { state, clock, random, log, isLeader }, SHUTDOWN_TIMEOUT_MS);
  const watch = watchFor(engine, cluster, flags, log, context);
  const list = followList(
    flags,
    sources,
    (active) => {
      engine.setList(active.list, active.isComplete);
      watch.setTargets(active.list.targets);
    },
    { cluster, log, metrics, events },
    context,
  );
  const ready = [
    { name: 'list', isMet: () => list.recorder.current !== undefined },
    { name: 'cluster', isMet: () => watch.synced && engine.hasReadAll },
  ];
  const status = () => ({
    version: context.version,
    instance: flags.instance,
    identity: context.identity,
    leading: isLeader(),
    targets: engine.reports,
  });
  const routes = routesOf(engine, worker, ready, registry, status, context);
  const server = await serveStatus(flags, routes, log, context);
  if (server === undefined) return EXIT.usage;
  const tasks: Task[] = [
    (signal) => worker.run(signal),
    (signal) => watch.run(signal),
    (signal) => events.run(signal),
    ...list.tasks,
    (signal) => giveUpUnless(() => worker.hasReachedCluster, flags.startupTimeout, context, signal),
    ...resyncTasks(engine, flags, context),
  ];
  logStopping(log, context.signal);
  try {
    await replica.run(tasks, context.signal);
    log.info('Stopped', 'ended as it was asked to; no write is under way any more');
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof StartupTimeout)) throw error;
    log.error('StartupTimeout', error.message);
    return EXIT.clusterFailed;
  } finally {
    await server.close();
  }
}

function watchFor(
  engine: Engine,
  cluster: Cluster,
  flags: RunFlags,
  log: Log,
  context: CliContext,
): ClusterWatch {
  const { clock, random } = context;
  return new ClusterWatch(
    { store: cluster.store, clock, random },
    {
      instance: flags.instance,
      log,
      onUpsert: (object) => engine.onObjectEvent({ object, deleted: false }),
      onDelete: (object) => engine.onObjectEvent({ object, deleted: true }),
      onReplace: (kind, scope, items) => engine.onReplacement(kind, scope, items),
    },
  );
}

function routesOf(
  engine: Engine,
  worker: Worker,
  conditions: readonly ReadinessCondition[],
  registry: MetricsRegistry,
  status: () => WorkerStatus,
  { clock }: CliContext,
): StatusRoutes {
  return statusRoutes({
    // Until the API server has answered, `--startup-timeout` says how long to wait, and nobody else.
    isAlive: () => !worker.hasReachedCluster || clock.monotonicNow() - worker.turnedAtMs < ALIVE_WITHIN_MS,
    conditions,
    metrics: {
      contentType: registry.contentType,
      text: () => {
        engine.fillGauges();
        return registry.text();
      },
    },
    status,
  });
}

function resyncTasks(engine: Engine, flags: RunFlags, { cron }: CliContext): Task[] {
  const { resync: expression, timezone, cronJitter: jitterMs } = flags;
  if (expression === undefined) return [];
  const work = async () => engine.resync();
  return [(signal) => cron.run({ expression, timezone, jitterMs }, work, signal)];
}

class StartupTimeout extends Error {}

/** Waiting for ever would hide a wrong address or a missing right behind a Pod that runs. */
async function giveUpUnless(
  hasReached: () => boolean,
  timeoutMs: number,
  { clock }: CliContext,
  signal: AbortSignal,
): Promise<void> {
  await clock.sleep(timeoutMs, signal);
  if (!hasReached())
    throw new StartupTimeout(
      `the API server did not answer within ${timeoutMs / 1000} s (--startup-timeout)`,
    );
}
