import type { TargetList } from '../config/target-list.ts';
import type { TargetDecision } from '../decide/decide.ts';
import { runOnce } from '../sync/once.ts';
import { decideOptions, observers, SILENT } from './cluster-pass.ts';
import type { CliContext } from './context.ts';
import { progressOn } from './rendering/terminal.ts';

/** The share of `--timeout` for resolving names. The rest is for checks. */
const RESOLVED_BY = 0.5;

/** Resolves, checks and decides as for an empty cluster. The decisions have the order of the list. */
export async function decideOffline(
  list: TargetList,
  flags: { readonly timeout: number; readonly instance: string },
  context: CliContext,
): Promise<readonly TargetDecision[]> {
  const progress = progressOn(context.terminal.err);
  try {
    const result = await runOnce(
      {
        work: { list },
        options: decideOptions({ instance: flags.instance, policy: 'sync' }),
        writes: 'none',
        maxProbesInFlight: context.maxProbesInFlight,
        resolvingTimeoutMs: flags.timeout * RESOLVED_BY,
        probingTimeoutMs: flags.timeout,
      },
      { ...observers(context), ...SILENT, isLeader: () => true },
      progress.update,
      context.signal,
    );
    if (!result.ok) throw new Error(`an offline run read from a cluster: ${result.failure.message}`);
    return result.decisions;
  } finally {
    progress.end();
  }
}
