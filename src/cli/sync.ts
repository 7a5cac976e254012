import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { type ExitCode, passExitCode } from './exit-code.ts';
import { runListedPass } from './listed-pass.ts';
import { type ListedPassFlags, option, withExamples, withListedPassFlags } from './options.ts';
import { resultIn } from './rendering/output.ts';
import { reportText } from './rendering/report-text.ts';

type SyncFlags = ListedPassFlags & { readonly dryRun: 'none' | 'server' };

export function describeSync(command: Command): Command {
  const described = command
    .summary('make the cluster match the target list once, then exit')
    .description(
      'Make the cluster match the target list, then exit. It resolves and checks every target, and creates, updates and deletes objects that differ. A second run changes nothing.',
    )
    .addOption(
      option('--dry-run <mode>', 'server: let the API server validate every write without storing it')
        .choices(['none', 'server'])
        .default('none'),
    );
  return withExamples(
    withListedPassFlags(described),
    'external-endpoints sync --config targets.yaml',
    'external-endpoints sync --config targets.yaml --dry-run server',
  );
}

export async function runSync(flags: SyncFlags, context: CliContext): Promise<ExitCode> {
  const { out } = context.terminal;
  const isDryRun = flags.dryRun === 'server';
  return runListedPass(flags, isDryRun ? 'dryRun' : 'whileLeading', context, ({ report }) => {
    out.write(resultIn(flags.output, report, () => reportText(report, isDryRun ? 'planned' : 'done', out)));
    return passExitCode(report);
  });
}
