import type { Command } from 'commander';
import { targetListJsonSchema } from '../config/json-schema.ts';
import type { CliContext } from './context.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { serialize } from './rendering/output.ts';

export function describeSchema(command: Command): Command {
  return command
    .summary('print the JSON Schema of the list')
    .description('For editors and CI: completion, hints and checks while a target list is written.')
    .addHelpText('after', '\nExample:\n  external-endpoints schema > target-list.schema.json');
}

export async function runSchema(_flags: object, context: CliContext): Promise<ExitCode> {
  context.terminal.out.write(serialize(targetListJsonSchema(), 'json'));
  return EXIT.done;
}
