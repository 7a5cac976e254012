import type { Command } from 'commander';
import type { ConfigProblem } from '../config/problem.ts';
import { readTargetList } from '../config/target-list.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { loadList, readFiles } from './load-list.ts';
import { type ListFlags, type OutputFlags, withListFlags, withOutputFlag } from './options.ts';
import { counted, serialize } from './rendering/output.ts';

type ValidateFlags = ListFlags & OutputFlags;

export function describeValidate(command: Command): Command {
  const described = command
    .summary('check the list alone, offline')
    .description(
      'Reads the list and tells everything that is wrong with it, each with file, line and column. Exits 2 when something is.',
    )
    .addHelpText('after', '\nExample:\n  external-endpoints validate --config targets.yaml');
  return withOutputFlag(withListFlags(described));
}

export async function runValidate(flags: ValidateFlags, context: CliContext): Promise<ExitCode> {
  const { out } = context.terminal;
  if (flags.output === 'text') {
    const list = await loadList(flags, context);
    if (list === undefined) return EXIT.usage;
    out.write(`valid: ${counted(list.targets.length, 'target')}\n`);
    return EXIT.done;
  }
  const parts = await readFiles(flags, context);
  if (parts === undefined) return EXIT.usage;
  const result = readTargetList(parts);
  const verdict = result.ok
    ? { valid: true, targets: result.list.targets.length, problems: [] }
    : { valid: false, reason: result.reason, problems: result.problems.map(problemForPrograms) };
  out.write(serialize(verdict, flags.output));
  return result.ok ? EXIT.done : EXIT.usage;
}

function problemForPrograms({ location, path, found, expected, message, hint }: ConfigProblem): object {
  const { source, line, column } = location;
  return { source, line, column, path, found, expected, message, ...(hint === undefined ? {} : { hint }) };
}
