import { ClusterWatch } from '../cluster/cluster-watch.ts';
import { EventRecorder } from '../cluster/event-recorder.ts';
import { fencedStore } from '../cluster/fenced-store.ts';
import type { Log } from '../model/log.ts';
import type { Task } from '../time/run-together.ts';
import { Controller } from './controller.ts';
import { Follow } from './follow.ts';
import { followList } from './live-list.ts';
import { FOLLOW } from './policy.ts';
import { Reachability } from './reachability.ts';
import { listsIn, logStopping, type Replica, replicaOf } from './replica.ts';
import { serveStatus } from './serve-status.ts';
import { type ReadinessCondition, type StatusRoutes, statusRoutes } from './status-routes.ts';
import type {
  ClusterAccess,
  MetricsRegistry,
  WorkerContext,
  WorkerEnd,
  WorkerSettings,
} from './worker-context.ts';
import type { WorkerStatus } from './worker-status.ts';

/**
 * For writes under way and the state. A second for the lease and half a second for who is being answered come after
 * it, which together is less than the five seconds that anybody has to wait.
 */
const SHUTDOWN_TIMEOUT_MS = 3_000;

/** The loop turns at least once a minute; one that has not for three is stuck. */
const ALIVE_WITHIN_MS = 180_000;

/** Follows the list, DNS, health and the cluster until the user ends it. */
export async function runFollowing(
  cluster: ClusterAccess,
  settings: WorkerSettings,
  log: Log,
  context: WorkerContext,
): Promise<WorkerEnd> {
  const { clock, prober, random, resolver } = context;
  const { store, state } = cluster;
  const registry = await context.newMetrics();
  const { metrics } = registry;
  const reachability = new Reachability(log, clock);
  cluster.onAnswer((method, code) => {
    metrics.apiRequest(method, code);
    reachability.note(code);
  });
  const replica = replicaOf(cluster, settings, log, context, {
    onLeadership: () => controller.onLeadership(),
    lists: () => controller.listIds,
  });
  const isLeader = () => replica.isLeader();
  const events = new EventRecorder(
    { store: fencedStore(store, isLeader), clock, random },
    {
      identity: context.identity,
      onOutcome: (outcome) => metrics.eventTold(typeof outcome === 'string' ? outcome : outcome.reason),
    },
  );
  const controller: Controller = new Controller(
    { store, resolver, prober, clock, random, log, metrics, events, isLeader },
    {
      policy: FOLLOW,
      options: settings.options,
      maxProbesInFlight: context.maxProbesInFlight,
      isScopeRead: () => watch.synced,
    },
  );
  const follow = new Follow(controller, { state, clock, random, log, isLeader }, SHUTDOWN_TIMEOUT_MS);
  const watch = watchFor(controller, cluster, settings, log, context);
  const list = followList(
    settings,
    (active) => {
      controller.setList(active.list, active.isComplete);
      watch.setTargets(active.list.targets);
      replica.noteLists();
    },
    { cluster, log, metrics, events },
    context,
  );
  const ready = [
    { name: 'list', isMet: () => list.recorder.current !== undefined },
    { name: 'cluster', isMet: () => watch.synced && controller.hasReadAll },
  ];
  const status = () => ({
    version: context.version,
    instance: settings.options.instance,
    identity: context.identity,
    leading: isLeader(),
    ...listsIn(replica, controller.listIds),
    targets: controller.reports,
  });
  const routes = routesOf(controller, replica, follow, ready, registry, status, context);
  const server = await serveStatus(settings, routes, log, context);
  if (server === undefined) return 'cannotListen';
  const tasks: Task[] = [
    (signal) => follow.run(signal),
    (signal) => watch.run(signal),
    (signal) => events.run(signal),
    ...list.tasks,
    (signal) => giveUpUnless(() => follow.hasReachedCluster, settings.startupTimeoutMs, context, signal),
    ...resyncTasks(controller, settings, context),
  ];
  logStopping(log, context.signal);
  try {
    await replica.run(tasks, context.signal);
    log.info('Stopped', 'stopped; lease released');
    return 'done';
  } catch (error) {
    if (!(error instanceof StartupTimeout)) throw error;
    log.error('StartupTimeout', error.message);
    return 'clusterFailed';
  } finally {
    await server.close();
  }
}

function watchFor(
  controller: Controller,
  cluster: ClusterAccess,
  settings: WorkerSettings,
  log: Log,
  context: WorkerContext,
): ClusterWatch {
  const { clock, random } = context;
  return new ClusterWatch(
    { store: cluster.store, clock, random },
    {
      instance: settings.options.instance,
      log,
      onUpsert: (object) => controller.onObjectEvent({ object, deleted: false }),
      onDelete: (object) => controller.onObjectEvent({ object, deleted: true }),
      onReplace: (kind, scope, items) => controller.onRelist(kind, scope, items),
    },
  );
}

function routesOf(
  controller: Controller,
  replica: Replica,
  follow: Follow,
  conditions: readonly ReadinessCondition[],
  registry: MetricsRegistry,
  status: () => WorkerStatus,
  { clock }: WorkerContext,
): StatusRoutes {
  return statusRoutes({
    // Until the API server has answered, `--startup-timeout` alone bounds the wait.
    isAlive: () => !follow.hasReachedCluster || clock.monotonicNow() - follow.turnedAtMs < ALIVE_WITHIN_MS,
    conditions,
    metrics: {
      contentType: registry.contentType,
      text: () => {
        controller.fillGauges();
        registry.metrics.listsDiffer(replica.otherLists() !== undefined);
        return registry.text();
      },
    },
    status,
  });
}

function resyncTasks(controller: Controller, settings: WorkerSettings, { cron }: WorkerContext): Task[] {
  const { resync: expression, timezone, cronJitterMs: jitterMs } = settings;
  if (expression === undefined) return [];
  const work = async () => controller.resync();
  return [(signal) => cron.run({ expression, timezone, jitterMs }, work, signal)];
}

class StartupTimeout extends Error {}

/** Waiting forever would hide a wrong address or a missing right behind a Pod that runs. */
async function giveUpUnless(
  hasReached: () => boolean,
  timeoutMs: number,
  { clock }: WorkerContext,
  signal: AbortSignal,
): Promise<void> {
  await clock.sleep(timeoutMs, signal);
  if (!hasReached())
    throw new StartupTimeout(
      `the API server did not answer within ${timeoutMs / 1000} s (--startup-timeout)`,
    );
}
