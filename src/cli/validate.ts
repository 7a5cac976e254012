import type { Command } from 'commander';
import type { ConfigProblem } from '../config/problem.ts';
import { counted } from '../config/problem-text.ts';
import { readTargetList } from '../config/target-list.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { loadList, readFiles } from './load-list.ts';
import { type ListFlags, type OutputFlags, withExamples, withListFlags, withOutputFlag } from './options.ts';
import { serialize } from './rendering/output.ts';

type ValidateFlags = ListFlags & OutputFlags;

export function describeValidate(command: Command): Command {
  const described = command
    .summary('check the target list for errors, offline')
    .description(
      'Check the target list and report every error with its file, line and column. Exits with 2 when the list has errors.',
    );
  return withExamples(
    withOutputFlag(withListFlags(described)),
    'external-endpoints validate --config targets.yaml',
    'external-endpoints validate --config lists/ --output json',
  );
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
  const result = readTargetList(parts, { listName: flags.listName });
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
