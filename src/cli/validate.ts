import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { counted } from './counted.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { loadList } from './load-list.ts';
import { type ListFlags, withListFlags } from './options.ts';

export function describeValidate(command: Command): Command {
  return withListFlags(
    command
      .summary('check the list alone, offline')
      .description(
        'Reads the list and tells everything that is wrong with it, each with file, line and column.',
      )
      .addHelpText('after', '\nExample:\n  external-endpoints validate --config targets.yaml'),
  );
}

export async function runValidate(flags: ListFlags, context: CliContext): Promise<ExitCode> {
  const list = await loadList(flags, context);
  if (list === undefined) return EXIT.usage;
  context.terminal.out.write(`valid: ${counted(list.targets.length, 'target')}\n`);
  return EXIT.done;
}
