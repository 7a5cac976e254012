import { fencedStore } from '../cluster/fenced-store.ts';
import type { SourcePart } from '../config/source.ts';
import { formatLocation, mergeTargetLists, type TargetList } from '../config/target-list.ts';
import type { TargetListPart } from '../config/target-list-part.ts';
import { readConfigMaps } from '../list/read-config-maps.ts';
import type { Log } from '../model/log.ts';
import type { Metrics } from '../sync/metrics.ts';
import type { PassResult } from '../sync/pass/pass.ts';
import { Reachability } from '../sync/reachability.ts';
import { statusRoutes } from '../sync/status-routes.ts';
import { steadyLog } from '../sync/steady-log.ts';
import { isTrouble, type SyncReport, type TargetReport } from '../sync/sync-report.ts';
import type { Task } from '../time/run-together.ts';
import type { Cluster } from './cluster.ts';
import { runPass } from './cluster-pass.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import type { ListSources } from './load-list.ts';
import { PassTime } from './pass-time.ts';
import { logStopping, replicaOf } from './replica.ts';
import type { RunFlags } from './run-options.ts';
import { serveStatus } from './serve-status.ts';

/** Works at the times of `--schedule` and rests in between, until the user ends it. */
export async function runBySchedule(
  expression: string,
  cluster: Cluster,
  flags: RunFlags,
  sources: ListSources,
  log: Log,
  context: CliContext,
): Promise<ExitCode> {
  const registry = await context.newMetrics();
  const { metrics } = registry;
  const reachability = new Reachability(log, context.clock);
  cluster.onAnswer((method, code) => {
    metrics.apiRequest(method, code);
    reachability.note(code);
  });
  const steady = steadyLog(log, context.clock);
  const replica = replicaOf(cluster, flags, steady, context, () => undefined);
  const work = new ScheduledWork(
    cluster,
    () => replica.isLeader(),
    flags,
    sources,
    { log, metrics },
    context,
  );
  const routes = statusRoutes({
    isAlive: () => true,
    conditions: [{ name: 'list', isMet: () => work.hasGoodList }],
    metrics: {
      contentType: registry.contentType,
      text: () => {
        metrics.leading(replica.isLeader());
        return registry.text();
      },
    },
    status: () => ({
      version: context.version,
      instance: flags.instance,
      identity: context.identity,
      leading: replica.isLeader(),
      targets: work.reports,
    }),
  });
  const server = await serveStatus(flags, routes, log, context);
  if (server === undefined) return EXIT.usage;
  const { timezone, cronJitter: jitterMs } = flags;
  const task: Task = (signal) =>
    context.cron.run({ expression, timezone, jitterMs }, () => work.pass(), signal);
  logStopping(log, context.signal);
  try {
    await replica.run([task], context.signal);
    log.info('Stopped', 'nothing is under way, the lease is free');
    return EXIT.done;
  } finally {
    await server.close();
  }
}

interface Reporters {
  readonly log: Log;
  readonly metrics: Metrics;
}

/** One pass after the other, each as a CronJob of `sync` would make it, within a process that stays. */
class ScheduledWork {
  /** Of the last pass. */
  reports: readonly TargetReport[] = [];
  /** False once the list was found broken, until it is mended. */
  hasGoodList = true;
  readonly #cluster: Cluster;
  readonly #isLeader: () => boolean;
  readonly #flags: RunFlags;
  readonly #sources: ListSources;
  readonly #reporters: Reporters;
  readonly #context: CliContext;

  constructor(
    cluster: Cluster,
    isLeader: () => boolean,
    flags: RunFlags,
    sources: ListSources,
    reporters: Reporters,
    context: CliContext,
  ) {
    this.#cluster = { ...cluster, store: fencedStore(cluster.store, isLeader) };
    this.#isLeader = isLeader;
    this.#flags = flags;
    this.#sources = sources;
    this.#reporters = reporters;
    this.#context = context;
  }

  /** The list is read anew each time; a broken one changes nothing. */
  async pass(): Promise<void> {
    if (!this.#isLeader()) return;
    const { log, metrics } = this.#reporters;
    const result = await this.#readAndPass(new PassTime(this.#flags.timeout, this.#context.clock));
    if (result === 'badList') return;
    if (!result.ok) {
      log.error(result.failure.reason, `the pass was not made: ${result.failure.message}`);
      return;
    }
    for (const { reason, message } of result.notes) log.warn(reason, message);
    const { targets } = result.report;
    this.reports = targets;
    metrics.decided(targets.length);
    metrics.targets(targets);
    for (const { actions } of targets) for (const { verb, kind } of actions) metrics.wrote(verb, kind);
    report(result.report, log);
  }

  async #readAndPass(time: PassTime): Promise<PassResult | 'badList'> {
    const cluster = this.#cluster;
    const context = this.#context;
    const flags = this.#flags;
    const sources = this.#sources;
    const files = await context.readList(sources.paths);
    const read = await time.bound(
      (signal) => readConfigMaps(cluster.store, sources.configMaps, signal),
      context.signal,
    );
    if (!read.ok) return read;
    const list = await this.#listIn([...files, ...read.parts]);
    this.hasGoodList = list !== undefined;
    return list === undefined ? 'badList' : runPass(list, { flags, mode: 'write', time }, cluster, context);
  }

  async #listIn(given: readonly SourcePart[]): Promise<TargetList | undefined> {
    const context = this.#context;
    const { log, metrics } = this.#reporters;
    const parts: TargetListPart[] = [];
    for (const part of given) parts.push(await context.readPart(part, context.signal));
    const read = mergeTargetLists(parts);
    metrics.listRead(read.ok ? 'Applied' : read.reason);
    if (read.ok) return read.list;
    for (const { location, path, message } of read.problems.slice(0, MAX_PROBLEMS)) {
      log.error(read.reason, `${formatLocation(location)}: ${path === '' ? '' : `${path}: `}${message}`);
    }
    log.error(
      read.reason,
      'the pass was not made, because the list is not in order; what is published stays',
    );
    return undefined;
  }
}

/** Of a list that is broken all over, the first problems are enough for a log. */
const MAX_PROBLEMS = 10;

function report({ targets, summary }: SyncReport, log: Log): void {
  for (const { namespace, name, phase, reason, message, actions } of targets) {
    const target = `${namespace}/${name}`;
    for (const { verb, kind, name: object, reason: why } of actions) {
      log.info(why, `${verb} ${kind} ${namespace}/${object}`, { target, verb, kind });
    }
    if (isTrouble(phase)) log.warn(reason, `${phase}: ${message}`, { target, phase });
  }
  log.info('PassDone', 'a scheduled pass is done', { ...summary });
}
