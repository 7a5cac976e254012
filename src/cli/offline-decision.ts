import type { TargetList } from '../config/target-list.ts';
import type { TargetDecision } from '../decide/decide.ts';
import { runOnce } from '../sync/once.ts';
import { observers, SILENT } from './cluster-pass.ts';
import type { CliContext } from './context.ts';
import { progressOn } from './rendering/terminal.ts';

/** Of `--timeout`, when the names must be resolved; the rest is for probing. */
const RESOLVED_BY = 0.5;

/** What would be decided now for a cluster in which nothing exists yet; in the order of the list. */
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
        options: {
          instance: flags.instance,
          adopt: false,
          policy: 'sync',
          allowMassDelete: false,
          acceptDrain: false,
        },
        writes: 'none',
        maxProbesInFlight: context.maxProbesInFlight,
        resolvingTimeoutMs: flags.timeout * RESOLVED_BY,
        probingTimeoutMs: flags.timeout,
      },
      { ...observers(context), ...SILENT, isLeader: () => true },
      progress.update,
      context.signal,
    );
    if (!result.ok) throw new Error(`nothing was to be read: ${result.failure.message}`);
    return result.decisions;
  } finally {
    progress.end();
  }
}
