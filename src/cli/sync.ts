import { type Command, Option } from 'commander';
import { isTrouble } from '../sync/sync-report.ts';
import { clusterChoice, runPass } from './cluster-pass.ts';
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
import { reportText } from './report-text.ts';

interface SyncFlags extends ListFlags, ClusterFlags, PassFlags, OutputFlags {
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
  return withOutputFlag(withPassFlags(withClusterFlags(withListFlags(described))));
}

export async function runSync(flags: SyncFlags, context: CliContext): Promise<ExitCode> {
  const { out, err } = context.terminal;
  const list = await loadList(flags, context);
  if (list === undefined) return EXIT.usage;
  const connected = await context.connect(clusterChoice(flags));
  if (!connected.ok) {
    err.write(`${connected.message}\n`);
    return EXIT.clusterFailed;
  }
  try {
    const mode = flags.dryRun === 'server' ? 'dryRun' : 'write';
    const result = await runPass(list, flags, mode, connected.cluster, context);
    if (!result.ok) {
      err.write(`${connected.cluster.name}: ${result.failure.reason}: ${result.failure.message}\n`);
      return EXIT.clusterFailed;
    }
    for (const note of result.notes) err.write(`${note.reason}: ${note.message}\n`);
    out.write(
      flags.output === 'text'
        ? reportText(result.report, flags.dryRun === 'server' ? 'planned' : 'done', out)
        : serialize(result.report, flags.output),
    );
    return result.report.targets.some(({ phase }) => isTrouble(phase)) ? EXIT.someTargetsFailed : EXIT.done;
  } finally {
    await connected.cluster.close();
  }
}
