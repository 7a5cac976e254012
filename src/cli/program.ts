import { Command, CommanderError } from 'commander';
import { describeCheck, runCheck } from './check.ts';
import type { CliContext } from './context.ts';
import { describeDemo, runDemo } from './demo.ts';
import { EXIT } from './exit-code.ts';
import { describePlan, runPlan } from './plan.ts';
import { describeRender, runRender } from './render.ts';
import { describeRun, runRun } from './run.ts';
import { describeSchema, runSchema } from './schema.ts';
import { describeSync, runSync } from './sync.ts';
import { describeValidate, runValidate } from './validate.ts';
import { describeVersion, runVersion } from './version.ts';

type Run<Flags> = (flags: Flags, context: CliContext) => Promise<number>;

/** Runs one command line (without `node` and the script) and resolves with the exit code. */
export async function runCommandLine(argv: readonly string[], context: CliContext): Promise<number> {
  let exitCode: number = EXIT.done;
  const program = new Command('external-endpoints')
    .description(
      'Keeps Kubernetes Services pointed at what does not run in Kubernetes: resolves names, checks health, writes Services, Endpoints and EndpointSlices.',
    )
    .version(context.version, '-V, --version')
    .helpCommand(false)
    .showHelpAfterError('(add --help for what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.terminal.out.write(text),
      writeErr: (text) => context.terminal.err.write(text),
    });
  const add = <Flags>(name: string, describe: (command: Command) => Command, run: Run<Flags>) => {
    describe(program.command(name)).action(async (flags: Flags) => {
      exitCode = await run(flags, context);
    });
  };
  add('sync', describeSync, runSync);
  add('run', describeRun, runRun);
  add('plan', describePlan, runPlan);
  add('check', describeCheck, runCheck);
  add('validate', describeValidate, runValidate);
  add('render', describeRender, runRender);
  add('schema', describeSchema, runSchema);
  add('version', describeVersion, runVersion);
  add('demo', describeDemo, runDemo);

  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (context.signal.aborted) {
      context.terminal.err.write(
        'interrupted; what was written so far is complete in itself, the next pass goes on\n',
      );
      return EXIT.interrupted;
    }
    throw error;
  }
}
