import { mergeTargetLists } from '../config/target-list.ts';
import type { TargetListPart } from '../config/target-list-part.ts';
import { fencedStore } from '../sync/fenced-store.ts';
import type { Log } from '../sync/log.ts';
import type { Task } from '../sync/run-together.ts';
import { isTrouble, type SyncReport } from '../sync/sync-report.ts';
import type { Cluster } from './cluster.ts';
import { runPass } from './cluster-pass.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { replicaOf } from './replica.ts';
import type { RunFlags } from './run-options.ts';

/** Works at the times of `--schedule` and rests in between, until the user ends it. */
export async function runBySchedule(
  expression: string,
  cluster: Cluster,
  flags: RunFlags,
  log: Log,
  context: CliContext,
): Promise<ExitCode> {
  const replica = replicaOf(cluster, flags, log, context, () => undefined);
  const { timezone, cronJitter: jitterMs } = flags;
  const work = () => scheduledPass(cluster, () => replica.isLeader(), flags, log, context);
  const task: Task = (signal) => context.cron.run({ expression, timezone, jitterMs }, work, signal);
  await replica.run([task], context.signal);
  return EXIT.done;
}

/**
 * One pass, as a CronJob of `sync` would make it, within a process that stays. The list is read anew each time; a
 * broken one changes nothing.
 */
async function scheduledPass(
  cluster: Cluster,
  isLeader: () => boolean,
  flags: RunFlags,
  log: Log,
  context: CliContext,
): Promise<void> {
  if (!isLeader()) return;
  const parts: TargetListPart[] = [];
  for (const part of await context.readList(flags.config ?? [])) {
    parts.push(await context.readPart(part, context.signal));
  }
  const read = mergeTargetLists(parts);
  if (!read.ok) {
    for (const { location, message } of read.problems.slice(0, MAX_PROBLEMS)) {
      log.error(read.reason, message, { ...location });
    }
    return;
  }
  const fenced = { ...cluster, store: fencedStore(cluster.store, isLeader) };
  const result = await runPass(read.list, flags, 'write', fenced, context);
  if (!result.ok) {
    log.error(result.failure.reason, `the pass was not made: ${result.failure.message}`);
    return;
  }
  for (const { reason, message } of result.notes) log.warn(reason, message);
  tell(result.report, log);
}

/** Of a list that is broken all over, the first problems are enough for a log. */
const MAX_PROBLEMS = 10;

function tell({ targets, summary }: SyncReport, log: Log): void {
  for (const { namespace, name, phase, reason, message, actions } of targets) {
    const target = `${namespace}/${name}`;
    for (const { verb, kind, name: object, reason: why } of actions) {
      log.info(why, `${verb} ${kind} ${namespace}/${object}`, { target, verb, kind });
    }
    if (isTrouble(phase)) log.warn(reason, `${phase}: ${message}`, { target, phase });
  }
  log.info('PassDone', 'a scheduled pass is done', { ...summary });
}
