import { EventRecorder } from '../cluster/event-recorder.ts';
import type { EventSink } from '../cluster/event-sink.ts';
import { fencedStore } from '../cluster/fenced-store.ts';
import type { SourcePart } from '../config/source.ts';
import { formatLocation, listIdsOf, mergeTargetLists, type TargetList } from '../config/target-list.ts';
import type { TargetListPart } from '../config/target-list-part.ts';
import { readConfigMaps } from '../list/read-config-maps.ts';
import type { Log } from '../model/log.ts';
import { keyOf } from '../model/target.ts';
import type { Task } from '../time/run-together.ts';
import type { Metrics } from './metrics.ts';
import type { OnceResult } from './once.ts';
import { Reachability } from './reachability.ts';
import { listsIn, logStopping, type Replica, replicaOf } from './replica.ts';
import { RunTime, runInTime } from './run-time.ts';
import { serveStatus } from './serve-status.ts';
import { statusRoutes } from './status-routes.ts';
import { steadyLog } from './steady-log.ts';
import type { TargetReport } from './sync-report.ts';
import type { ClusterAccess, WorkerContext, WorkerEnd, WorkerSettings } from './worker-context.ts';

/** Runs once at each time of the schedule and rests in between, until the user ends it. */
export async function runBySchedule(
  expression: string,
  cluster: ClusterAccess,
  settings: WorkerSettings,
  log: Log,
  context: WorkerContext,
): Promise<WorkerEnd> {
  const { clock, random } = context;
  const { instance } = settings.options;
  const registry = await context.newMetrics();
  const { metrics } = registry;
  const reachability = new Reachability(log, clock);
  cluster.onAnswer((method, code) => {
    metrics.apiRequest(method, code);
    reachability.note(code);
  });
  const replica = replicaOf(cluster, settings, steadyLog(log, clock), context, {
    onLeadership: () => undefined,
    lists: () => runs.lists,
  });
  const isLeader = () => replica.isLeader();
  const events = new EventRecorder(
    { store: fencedStore(cluster.store, isLeader), clock, random },
    {
      identity: context.identity,
      onOutcome: (outcome) => metrics.eventTold(typeof outcome === 'string' ? outcome : outcome.reason),
    },
  );
  const runs: ScheduledRuns = new ScheduledRuns(
    cluster,
    replica,
    settings,
    { log, metrics, events },
    context,
  );
  const routes = statusRoutes({
    isAlive: () => true,
    conditions: [{ name: 'list', isMet: () => runs.hasGoodList }],
    metrics: {
      contentType: registry.contentType,
      text: () => {
        metrics.leading(isLeader());
        metrics.listsDiffer(replica.otherLists() !== undefined);
        return registry.text();
      },
    },
    status: () => ({
      version: context.version,
      instance,
      identity: context.identity,
      leading: isLeader(),
      ...listsIn(replica, runs.lists),
      targets: [...runs.reports.values()],
    }),
  });
  const server = await serveStatus(settings, routes, log, context);
  if (server === undefined) return 'cannotListen';
  const { timezone, cronJitterMs: jitterMs } = settings;
  const tasks: Task[] = [
    (signal) => context.cron.run({ expression, timezone, jitterMs }, () => runs.run(), signal),
    (signal) => events.run(signal),
  ];
  logStopping(log, context.signal);
  try {
    await replica.run(tasks, context.signal);
    log.info('Stopped', 'stopped; lease released');
    return 'done';
  } finally {
    await server.close();
  }
}

interface Reporters {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly events: EventSink;
}

/** One run after the other, each as a CronJob of `sync` would make it, within a process that stays. */
class ScheduledRuns {
  /** Of the last run, by target key: the next one logs what differs. */
  reports: ReadonlyMap<string, TargetReport> = new Map();
  /** False while the list is broken. */
  hasGoodList = true;
  /** As the saved state names them; undefined before the first good list. */
  lists: readonly string[] | undefined;
  readonly #cluster: ClusterAccess;
  readonly #replica: Replica;
  readonly #settings: WorkerSettings;
  readonly #reporters: Reporters;
  readonly #context: WorkerContext;

  constructor(
    cluster: ClusterAccess,
    replica: Replica,
    settings: WorkerSettings,
    reporters: Reporters,
    context: WorkerContext,
  ) {
    this.#cluster = cluster;
    this.#replica = replica;
    this.#settings = settings;
    this.#reporters = reporters;
    this.#context = context;
  }

  /** The list is read anew each time; a broken one changes nothing. A standby reads it to know whether it is the leader's. */
  async run(): Promise<void> {
    const { log, metrics } = this.#reporters;
    const time = new RunTime(this.#settings.runTimeoutMs, this.#context.clock);
    const result = await this.#readAndRun(time);
    if (result === 'badList' || result === 'standsBy') return;
    if (!result.ok) {
      log.error(result.failure.reason, `the pass was not made: ${result.failure.message}`);
      return;
    }
    for (const { reason, message } of result.notes) log.warn(reason, message);
    const { summary, targets } = result.report;
    this.reports = new Map(targets.map((report) => [keyOf(report), report]));
    metrics.targets(targets);
    log.info('PassDone', 'a scheduled pass is done', { ...summary });
  }

  async #readAndRun(time: RunTime): Promise<OnceResult | 'badList' | 'standsBy'> {
    const { store } = this.#cluster;
    const { readList, signal } = this.#context;
    const { paths, configMaps } = this.#settings.sources;
    const files = await readList(paths);
    const read = await time.bound((until) => readConfigMaps(store, configMaps, until), signal);
    if (!read.ok) return read;
    const list = await this.#listIn([...files, ...read.parts]);
    this.hasGoodList = list !== undefined;
    if (list === undefined) return 'badList';
    this.lists = listIdsOf(list.lists);
    this.#replica.noteLists();
    return this.#replica.isLeader() ? this.#runOnce(list, time) : 'standsBy';
  }

  #runOnce(list: TargetList, time: RunTime): Promise<OnceResult> {
    const isLeader = () => this.#replica.isLeader();
    const { clock, maxProbesInFlight, prober, random, resolver, signal } = this.#context;
    const { requestCount, state, store } = this.#cluster;
    return runInTime(
      {
        work: { list },
        options: this.#settings.options,
        writes: 'whileLeading',
        maxProbesInFlight,
        reportedBefore: this.reports,
      },
      time,
      {
        ...{ clock, prober, random, resolver },
        ...this.#reporters,
        isLeader,
        cluster: { store: fencedStore(store, isLeader), state, requestCount: () => requestCount() },
      },
      () => undefined,
      signal,
    );
  }

  async #listIn(given: readonly SourcePart[]): Promise<TargetList | undefined> {
    const { readPart, signal } = this.#context;
    const { log, metrics } = this.#reporters;
    const parts: TargetListPart[] = [];
    for (const part of given) parts.push(await readPart(part, signal));
    const read = mergeTargetLists(parts, { listName: this.#settings.sources.listName });
    metrics.listRead(read.ok ? 'Applied' : read.reason);
    if (read.ok) return read.list;
    for (const { location, path, message } of read.problems.slice(0, MAX_PROBLEMS)) {
      log.error(read.reason, `${formatLocation(location)}: ${path === '' ? '' : `${path}: `}${message}`);
    }
    log.error(read.reason, 'the pass was not made: the list is broken; what is published stays');
    return undefined;
  }
}

/** Of a list that is broken all over, the first problems are enough for a log. */
const MAX_PROBLEMS = 10;
