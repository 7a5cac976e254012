import type { SourcePart } from '../config/source.ts';
import { readConfigMaps } from '../list/read-config-maps.ts';
import type { OnceResult } from '../sync/once.ts';
import type { Policy } from '../sync/policy.ts';
import { RunTime } from '../sync/run-time.ts';
import type { ListSources } from '../sync/worker-context.ts';
import type { Cluster } from './cluster.ts';
import { clusterChoice, type PassOrder, runPass } from './cluster-pass.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { listIn, sourcesOf } from './load-list.ts';
import type { ClusterFlags, ClusterListFlags, PassFlags } from './options.ts';

/**
 * The common part of `plan` and `sync`: one pass with the list and the cluster of the flags. `report` prints the
 * result and returns the exit code.
 */
export async function runListedPass(
  flags: ClusterListFlags & ClusterFlags & PassFlags,
  writes: Policy['writes'],
  context: CliContext,
  report: (result: OnceResult & { readonly ok: true }) => ExitCode,
): Promise<ExitCode> {
  const { err } = context.terminal;
  const sources = sourcesOf(flags);
  if (!sources.ok) {
    err.write(`error: ${sources.message}\n`);
    return EXIT.usage;
  }
  const files = await context.readList(sources.paths);
  const isInFiles = sources.configMaps.length === 0;
  const list = isInFiles ? listIn(files, flags.listName, context) : undefined;
  // Report errors of files without connecting to a cluster.
  if (isInFiles && list === undefined) return EXIT.usage;
  const connected = await context.connect(clusterChoice(flags));
  if (!connected.ok) {
    err.write(`${connected.message}\n`);
    return EXIT.clusterFailed;
  }
  const { cluster } = connected;
  const order = { flags, writes, time: new RunTime(flags.timeout, context.clock) };
  try {
    const result =
      list === undefined
        ? await passByConfigMaps(sources, files, order, cluster, context)
        : await runPass(list, order, cluster, context);
    if (result === 'badList') return EXIT.usage;
    if (!result.ok) {
      err.write(`${cluster.name}: ${result.failure.reason}: ${result.failure.message}\n`);
      return EXIT.clusterFailed;
    }
    for (const note of result.notes) err.write(`${note.reason}: ${note.message}\n`);
    return report(result);
  } finally {
    await cluster.close();
  }
}

async function passByConfigMaps(
  { configMaps, listName }: ListSources,
  files: readonly SourcePart[],
  order: PassOrder,
  cluster: Cluster,
  context: CliContext,
): Promise<OnceResult | 'badList'> {
  const read = await order.time.bound(
    (signal) => readConfigMaps(cluster.store, configMaps, signal),
    context.signal,
  );
  if (!read.ok) return read;
  const list = listIn([...files, ...read.parts], listName, context);
  return list === undefined ? 'badList' : runPass(list, order, cluster, context);
}
