import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { type OutputFlags, withOutputFlag } from './options.ts';
import { serialize } from './rendering/output.ts';

export function describeVersion(command: Command): Command {
  return withOutputFlag(
    command
      .summary('print the version')
      .description('Version of external-endpoints and of the Node.js it runs on.')
      .addHelpText('after', '\nExample:\n  external-endpoints version -o json'),
  );
}

export async function runVersion(flags: OutputFlags, context: CliContext): Promise<ExitCode> {
  const { version, nodeVersion } = context;
  const text = `external-endpoints ${version} (Node.js ${nodeVersion})\n`;
  context.terminal.out.write(
    flags.output === 'text' ? text : serialize({ version, nodeVersion }, flags.output),
  );
  return EXIT.done;
}
