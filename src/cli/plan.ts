import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode, passExitCode } from './exit-code.ts';
import { runListedPass } from './listed-pass.ts';
import { type ListedPassFlags, withExamples, withListedPassFlags } from './options.ts';
import { resultIn } from './rendering/output.ts';
import { planText } from './rendering/plan-text.ts';
import { reportText } from './rendering/report-text.ts';
import { colorsFor } from './rendering/terminal.ts';

export function describePlan(command: Command): Command {
  const described = command
    .summary('show what sync would change, as a diff; write nothing')
    .description(
      'Show what sync would change, and write nothing. It resolves, checks and decides exactly as sync does. Exits with 1 when sync would change something, and with 3 when nothing would change but a target is in trouble.',
    );
  return withExamples(
    withListedPassFlags(described),
    'external-endpoints plan --config targets.yaml',
    'external-endpoints plan --configmap shop/targets --context staging',
  );
}

export async function runPlan(flags: ListedPassFlags, context: CliContext): Promise<ExitCode> {
  const { out } = context.terminal;
  return runListedPass(flags, 'none', context, ({ report, plans }) => {
    const text = () => `${planText(plans, colorsFor(out))}${reportText(report, 'planned', out)}`;
    out.write(resultIn(flags.output, report, text));
    if (plans.some(({ actions }) => actions.length > 0)) return EXIT.changesPlanned;
    return passExitCode(report);
  });
}
