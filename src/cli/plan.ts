import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode, passExitCode } from './exit-code.ts';
import { runListedPass } from './listed-pass.ts';
import {
  type ClusterFlags,
  type ClusterListFlags,
  type OutputFlags,
  type PassFlags,
  withClusterFlags,
  withClusterListFlags,
  withOutputFlag,
  withPassFlags,
} from './options.ts';
import { serialize } from './rendering/output.ts';
import { planText } from './rendering/plan-text.ts';
import { reportText } from './rendering/report-text.ts';
import { colorsFor } from './rendering/terminal.ts';

type PlanFlags = ClusterListFlags & ClusterFlags & PassFlags & OutputFlags;

export function describePlan(command: Command): Command {
  const described = command
    .summary('what sync would do, as a diff; writes nothing')
    .description(
      'Resolves, checks and decides exactly as sync does. Exits 1 when sync would change something; 3 when it would not, and some target is in trouble.',
    )
    .addHelpText('after', '\nExample:\n  external-endpoints plan --config targets.yaml');
  return withOutputFlag(withPassFlags(withClusterFlags(withClusterListFlags(described))));
}

export async function runPlan(flags: PlanFlags, context: CliContext): Promise<ExitCode> {
  const { out } = context.terminal;
  return runListedPass(flags, 'plan', context, ({ report, plans }) => {
    out.write(
      flags.output === 'text'
        ? `${planText(plans, colorsFor(out))}${reportText(report, 'planned', out)}`
        : serialize(report, flags.output),
    );
    if (plans.some(({ actions }) => actions.length > 0)) return EXIT.changesPlanned;
    return passExitCode(report);
  });
}
