import type { EventSink } from '../cluster/event-sink.ts';
import { ConfigMapSource } from '../list/config-map-source.ts';
import { ListMerger } from '../list/list-merger.ts';
import type { ListSource } from '../list/list-source.ts';
import { PartReader } from '../list/part-reader.ts';
import type { Log } from '../model/log.ts';
import type { Task } from '../time/run-together.ts';
import { reportList } from './list-report.ts';
import type { Metrics } from './metrics.ts';
import type { ClusterAccess, WorkerContext, WorkerSettings } from './worker-context.ts';

export interface LiveListParts {
  readonly cluster: ClusterAccess;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly events: EventSink;
}

export interface LiveList {
  readonly recorder: ListMerger;
  /** Two for each source: it is followed, and what it gives is read. */
  readonly tasks: readonly Task[];
}

/** Follows every source of the list, and reports each reading. */
export function followList(
  { allowEmpty, sources: { paths, configMaps, listName } }: WorkerSettings,
  onList: ConstructorParameters<typeof ListMerger>[0]['onList'],
  parts: LiveListParts,
  context: WorkerContext,
): LiveList {
  const { clock, random } = context;
  const { cluster, log } = parts;
  const fromCluster = configMaps.map(
    (reference) =>
      new ConfigMapSource({ store: cluster.store, clock, random }, reference, ({ reason, message }) =>
        log.warn(reason, `ConfigMap ${reference.text}: ${message}`),
      ),
  );
  const sources: ListSource[] = [...context.followFiles(paths), ...fromCluster];
  const objectOf = (part: string) =>
    fromCluster.map((each) => each.objectOf(part)).find((each) => each !== undefined);
  const recorder = new ListMerger({
    sources: sources.map(({ name }) => name),
    allowEmpty,
    listName,
    onList,
    onReport: (report) => reportList(report, { ...parts, objectOf }),
  });
  const tasks = sources.flatMap((source): Task[] => {
    const reader = new PartReader(context.readPart, clock, (read) => recorder.take(source.name, read));
    return [(signal) => source.run((given) => reader.take(given), signal), (signal) => reader.run(signal)];
  });
  return { recorder, tasks };
}
