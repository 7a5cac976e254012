import type { Command } from 'commander';
import { targetListJsonSchema } from '../config/json-schema.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { withExamples } from './options.ts';
import { serialize } from './rendering/output.ts';

export function describeSchema(command: Command): Command {
  const described = command
    .summary('print the JSON Schema of the target list')
    .description('Print the JSON Schema of the target list, for editors and CI.');
  return withExamples(described, 'external-endpoints schema > target-list.schema.json');
}

export async function runSchema(_flags: object, context: CliContext): Promise<ExitCode> {
  context.terminal.out.write(serialize(targetListJsonSchema(), 'json'));
  return EXIT.done;
}
