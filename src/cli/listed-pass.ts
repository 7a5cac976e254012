import type { PassResult } from '../sync/pass/pass.ts';
import type { PassRequest } from '../sync/pass/pass-request.ts';
import { clusterChoice, runPass } from './cluster-pass.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { loadList } from './load-list.ts';
import type { ClusterFlags, ListFlags, PassFlags } from './options.ts';

/**
 * What `plan` and `sync` have in common: one pass over the cluster that the flags name, with the list that they name.
 * `tell` prints what a pass has found or done, and knows which exit code that deserves.
 */
export async function runListedPass(
  flags: ListFlags & ClusterFlags & PassFlags,
  mode: PassRequest['mode'],
  context: CliContext,
  tell: (result: PassResult & { readonly ok: true }) => ExitCode,
): Promise<ExitCode> {
  const { err } = context.terminal;
  const list = await loadList(flags, context);
  if (list === undefined) return EXIT.usage;
  const connected = await context.connect(clusterChoice(flags));
  if (!connected.ok) {
    err.write(`${connected.message}\n`);
    return EXIT.clusterFailed;
  }
  const { cluster } = connected;
  try {
    const result = await runPass(list, flags, mode, cluster, context);
    if (!result.ok) {
      err.write(`${cluster.name}: ${result.failure.reason}: ${result.failure.message}\n`);
      return EXIT.clusterFailed;
    }
    for (const note of result.notes) err.write(`${note.reason}: ${note.message}\n`);
    return tell(result);
  } finally {
    await cluster.close();
  }
}
