import { type Command, Option } from 'commander';
import type { CliContext } from './context.ts';
import { type ExitCode, passExitCode } from './exit-code.ts';
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
import { reportText } from './rendering/report-text.ts';

interface SyncFlags extends ClusterListFlags, ClusterFlags, PassFlags, OutputFlags {
  readonly dryRun: 'none' | 'server';
}

export function describeSync(command: Command): Command {
  const described = command
    .summary('one pass: make the cluster true to the list, then exit')
    .description(
      'Resolves and checks every target, then creates, updates and deletes what differs. Running it again changes nothing.',
    )
    .addOption(
      new Option('--dry-run <mode>', 'server: let the API server judge every write, and keep none')
        .choices(['none', 'server'])
        .default('none')
        .env('EXTERNAL_ENDPOINTS_DRY_RUN'),
    )
    .addHelpText('after', '\nExample:\n  external-endpoints sync --config targets.yaml');
  return withOutputFlag(withPassFlags(withClusterFlags(withClusterListFlags(described))));
}

export async function runSync(flags: SyncFlags, context: CliContext): Promise<ExitCode> {
  const { out } = context.terminal;
  const isDryRun = flags.dryRun === 'server';
  return runListedPass(flags, isDryRun ? 'dryRun' : 'write', context, ({ report }) => {
    out.write(
      flags.output === 'text'
        ? reportText(report, isDryRun ? 'planned' : 'done', out)
        : serialize(report, flags.output),
    );
    return passExitCode(report);
  });
}
