import type { EventSink } from '../cluster/event-sink.ts';
import type { ConfigProblem } from '../config/problem.ts';
import { counted } from '../config/problem-text.ts';
import { formatLocation } from '../config/target-list.ts';
import type { ListChanges } from '../list/list-changes.ts';
import type { ListReport } from '../list/list-merger.ts';
import type { KubeObject } from '../manifest/kube-object.ts';
import type { Log } from '../model/log.ts';
import type { Metrics } from './metrics.ts';

/** The first problems of a broken list are enough for a log and for an Event. */
const MAX_PROBLEMS = 10;

/** The names of some targets show which edit it was. */
const MAX_NAMES = 5;

export interface ListReporters {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly events: EventSink;
  /** The ConfigMap that holds a part, if one does. */
  readonly objectOf: (part: string) => KubeObject | undefined;
}

/** Reports a reading of the list when its result is new: what an edit changed, or why it is not followed. */
export function reportList(report: ListReport, reporters: ListReporters): void {
  const { result, problems, isNews } = report;
  reporters.metrics.listRead(result);
  const hasChanged = report.changes !== undefined && countOf(report.changes) > 0;
  if (hasChanged || (isNews && problems.length === 0)) reportEdit(report, reporters);
  if (isNews && problems.length > 0) reportProblems(report, reporters);
}

function reportEdit(
  { changes, changedParts, targets, problems }: ListReport,
  reporters: ListReporters,
): void {
  const { added = [], changed = [], removed = [] } = changes ?? {};
  const edits = [
    ['added', added],
    ['changed', changed],
    ['removed', removed],
  ] as const;
  const reported = edits
    .filter(([, keys]) => keys.length > 0)
    .map(([what, keys]) => `${what} ${namesOf(keys)}`);
  const rest = problems.length > 0 ? '; another part of it is broken' : '';
  const versionOf = (part: string) => {
    const resourceVersion = reporters.objectOf(part)?.metadata.resourceVersion;
    return resourceVersion === undefined ? part : `${part} at resourceVersion ${resourceVersion}`;
  };
  reporters.log.info(
    'ListApplied',
    `the target list is active${rest}: ${reported.length === 0 ? 'nothing changed' : reported.join('; ')}`,
    {
      targets,
      added: added.length,
      changed: changed.length,
      removed: removed.length,
      from: changedParts.slice(0, MAX_NAMES).map(versionOf).join(', '),
    },
  );
}

function reportProblems(
  { result, problems, targets }: ListReport,
  { log, events, objectOf }: ListReporters,
): void {
  for (const problem of problems.slice(0, MAX_PROBLEMS)) {
    const { location, path } = problem;
    log.error(result, `${formatLocation(location)}: ${path === '' ? '' : `${path}: `}${withHint(problem)}`);
  }
  const kept =
    targets === undefined
      ? 'no list is active yet'
      : `the last good list stays active (${counted(targets, 'target')})`;
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  log.error(result, `${count} in the target list; ${kept}`);
  for (const [source, group] of Map.groupBy(problems, ({ location }) => location.source)) {
    const object = objectOf(source);
    if (object === undefined) continue;
    const { namespace = '', name, uid } = object.metadata;
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
      note: `${firstOf(group)}; ${kept}`,
    });
  }
}

function firstOf(problems: readonly ConfigProblem[]): string {
  const first = problems.slice(0, 3).map((problem) => {
    const { line, column } = problem.location;
    return line === 0 ? withHint(problem) : `line ${line}, column ${column}: ${withHint(problem)}`;
  });
  return `${first.join('; ')}${problems.length > 3 ? `; and ${problems.length - 3} more` : ''}`;
}

/** A log line needs the hint too: its reader does not run `validate`. */
function withHint({ message, hint }: ConfigProblem): string {
  return hint === undefined ? message : `${message} (${hint})`;
}

function countOf({ added, changed, removed }: ListChanges): number {
  return added.length + changed.length + removed.length;
}

function namesOf(keys: readonly string[]): string {
  const names = keys.slice(0, MAX_NAMES).join(', ');
  return keys.length > MAX_NAMES ? `${names} and ${keys.length - MAX_NAMES} more` : names;
}
