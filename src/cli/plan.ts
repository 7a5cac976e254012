import type { Command } from 'commander';
import { isTrouble } from '../sync/sync-report.ts';
import { clusterChoice, runPass } from './cluster-pass.ts';
import { colorsFor } from './colors.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { loadList } from './load-list.ts';
import {
  type ClusterFlags,
  type ListFlags,
  type OutputFlags,
  type PassFlags,
  withClusterFlags,
  withListFlags,
  withOutputFlag,
  withPassFlags,
} from './options.ts';
import { serialize } from './output-format.ts';
import { planText } from './plan-text.ts';
import { reportText } from './report-text.ts';

type PlanFlags = ListFlags & ClusterFlags & PassFlags & OutputFlags;

export function describePlan(command: Command): Command {
  const described = command
    .summary('what sync would do, as a diff; writes nothing')
    .description(
      'Resolves, checks and decides exactly as sync does. Exits 1 when sync would change something; 3 when it would not, and some target is in trouble.',
    )
    .addHelpText('after', '\nExample:\n  external-endpoints plan --config targets.yaml');
  return withOutputFlag(withPassFlags(withClusterFlags(withListFlags(described))));
}

export async function runPlan(flags: PlanFlags, context: CliContext): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const list = await loadList(flags, context);
  if (list === undefined) return EXIT.usage;
  const connected = await context.connect(clusterChoice(flags));
  if (!connected.ok) {
    err.write(`${connected.message}\n`);
    return EXIT.clusterFailed;
  }
  try {
    const result = await runPass(list, flags, 'plan', connected.cluster, context);
    if (!result.ok) {
      err.write(`${connected.cluster.name}: ${result.failure.reason}: ${result.failure.message}\n`);
      return EXIT.clusterFailed;
    }
    for (const note of result.notes) err.write(`${note.reason}: ${note.message}\n`);
    out.write(
      flags.output === 'text'
        ? `${planText(result.plans, colorsFor(out))}${reportText(result.report, 'planned', out)}`
        : serialize(result.report, flags.output),
    );
    if (result.plans.some(({ actions }) => actions.length > 0)) return EXIT.changesPlanned;
    return result.report.targets.some(({ phase }) => isTrouble(phase)) ? EXIT.someTargetsFailed : EXIT.done;
  } finally {
    await connected.cluster.close();
  }
}
