import type { Command } from 'commander';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { type OutputFlags, withExamples, withOutputFlag } from './options.ts';
import { resultIn } from './rendering/output.ts';

export function describeVersion(command: Command): Command {
  const described = command
    .summary('print the version')
    .description('Print the version of external-endpoints and of Node.js.');
  return withExamples(withOutputFlag(described), 'external-endpoints version --output json');
}

export async function runVersion(flags: OutputFlags, context: CliContext): Promise<ExitCode> {
  const { version, nodeVersion } = context;
  const text = () => `external-endpoints ${version} (Node.js ${nodeVersion})\n`;
  context.terminal.out.write(resultIn(flags.output, { version, nodeVersion }, text));
  return EXIT.done;
}
