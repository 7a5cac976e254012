import { type ConfigMapReference, readConfigMapReference } from '../config/config-map-reference.ts';
import { formatLocation } from '../config/target-list.ts';
import { ConfigMapSource } from '../sync/config-map-source.ts';
import type { EventRecorder } from '../sync/event-recorder.ts';
import { ListKeeper, type ListReport } from '../sync/list-keeper.ts';
import type { ListSource } from '../sync/list-source.ts';
import type { Log } from '../sync/log.ts';
import type { Metrics } from '../sync/metrics.ts';
import type { Task } from '../sync/run-together.ts';
import type { Cluster } from './cluster.ts';
import type { CliContext } from './context.ts';
import type { RunFlags } from './run-options.ts';

/** Of a list that is broken all over, the first problems are enough for a log and for an Event. */
const MAX_PROBLEMS_TOLD = 10;

export interface LiveListParts {
  readonly cluster: Cluster;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly events: EventRecorder;
}

export interface LiveList {
  readonly keeper: ListKeeper;
  /** One for each source: they are followed side by side. */
  readonly tasks: readonly Task[];
}

/** The ConfigMaps of `--configmap`, or what is wrong with one of them. */
export function configMapsOf({ configmap = [] }: RunFlags): readonly ConfigMapReference[] | string {
  const references: ConfigMapReference[] = [];
  for (const text of configmap) {
    const read = readConfigMapReference(text);
    if (!read.ok) return read.message;
    references.push(read.reference);
  }
  return references;
}

/** Follows every source of the list, and tells what comes of each reading. */
export function followList(
  flags: RunFlags,
  configMaps: readonly ConfigMapReference[],
  onList: ConstructorParameters<typeof ListKeeper>[0]['onList'],
  parts: LiveListParts,
  context: CliContext,
): LiveList {
  const { clock, random } = context;
  const { cluster, log } = parts;
  const fromCluster = configMaps.map(
    (reference) =>
      new ConfigMapSource({ store: cluster.store, clock, random }, reference, ({ reason, message }) =>
        log.warn(reason, `ConfigMap ${reference.text}: ${message}`),
      ),
  );
  const sources: ListSource[] = [...context.followFiles(flags.config ?? []), ...fromCluster];
  const keeper = new ListKeeper({
    sources: sources.map(({ name }) => name),
    allowEmpty: flags.allowEmpty ?? false,
    onList,
    onReport: (report) => tell(report, fromCluster, parts),
  });
  const tasks = sources.map((source): Task => {
    return (signal) => source.run((read) => keeper.take(source.name, read), signal);
  });
  return { keeper, tasks };
}

function tell(
  report: ListReport,
  configMaps: readonly ConfigMapSource[],
  { log, metrics, events }: LiveListParts,
): void {
  const { result, problems, isNews, targets } = report;
  metrics.listRead(result);
  if (!isNews) return;
  if (problems.length === 0) {
    log.info('ListApplied', `the target list is in force`, { targets });
    return;
  }
  for (const { location, path, message } of problems.slice(0, MAX_PROBLEMS_TOLD)) {
    log.error(result, `${formatLocation(location)}: ${path === '' ? '' : `${path}: `}${message}`);
  }
  const kept =
    targets === undefined
      ? 'no list is in force yet'
      : `the last good list stays in force (${targets} targets)`;
  log.error(result, `${problems.length} problems in the target list; ${kept}`);
  for (const [source, group] of Map.groupBy(problems, ({ location }) => location.source)) {
    const object = configMaps.map((each) => each.objectOf(source)).find((each) => each !== undefined);
    if (object === undefined) continue;
    const { namespace = '', name, uid } = object.metadata;
    const first = group.slice(0, 3).map(({ location, message }) => `line ${location.line}: ${message}`);
    events.record({
      subject: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        namespace,
        name,
        ...(uid === undefined ? {} : { uid }),
      },
      type: 'Warning',
      reason: result,
      action: 'ReadList',
      note: `${first.join('; ')}${group.length > 3 ? `; and ${group.length - 3} more` : ''}; ${kept}`,
    });
  }
}
