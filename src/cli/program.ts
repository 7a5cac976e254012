import { Command, CommanderError, type Help, type Option } from 'commander';
import { describeCheck, runCheck } from './check.ts';
import type { CliContext } from './context.ts';
import { describeDemo, runDemo } from './demo.ts';
import { EXIT } from './exit-code.ts';
import { describePlan, runPlan } from './plan.ts';
import { describeRelease, runRelease } from './release.ts';
import { describeRender, runRender } from './render.ts';
import type { TextOutput } from './rendering/terminal.ts';
import { describeRun, runRun } from './run.ts';
import { describeSchema, runSchema } from './schema.ts';
import { describeSync, runSync } from './sync.ts';
import { describeValidate, runValidate } from './validate.ts';
import { describeVersion, runVersion } from './version.ts';

interface CliCommand {
  readonly name: string;
  readonly describe: (command: Command) => Command;
  /** Takes what the flags and the arguments that `describe` declares come to. */
  readonly run: (flags: never, context: CliContext, args: readonly unknown[]) => Promise<number>;
}

/** In the order in which help lists them. */
export const COMMANDS: readonly CliCommand[] = [
  { name: 'sync', describe: describeSync, run: runSync },
  { name: 'run', describe: describeRun, run: runRun },
  { name: 'plan', describe: describePlan, run: runPlan },
  { name: 'check', describe: describeCheck, run: runCheck },
  { name: 'validate', describe: describeValidate, run: runValidate },
  { name: 'render', describe: describeRender, run: runRender },
  { name: 'release', describe: describeRelease, run: runRelease },
  { name: 'schema', describe: describeSchema, run: runSchema },
  { name: 'version', describe: describeVersion, run: runVersion },
  { name: 'demo', describe: describeDemo, run: runDemo },
];

const OVERVIEW = `
Example:
  external-endpoints demo                           # needs no cluster
  external-endpoints plan --config targets.yaml     # what would change
  external-endpoints sync --config targets.yaml     # do it

Exit codes:
  0  done; for plan: no changes          3  some targets failed, the rest were done
  1  plan found changes                  4  the cluster could not be reached or refused us
  2  usage or configuration error      130  interrupted

Each command has --help with an example. Flags can also be set in the environment: --dry-run as
EXTERNAL_ENDPOINTS_DRY_RUN, and so on; the flag wins.`;

/** Runs one command line (without `node` and the script) and resolves with the exit code. */
export async function runCommandLine(argv: readonly string[], context: CliContext): Promise<number> {
  let exitCode: number = EXIT.done;
  let running = '';
  const program = new Command('external-endpoints')
    .description(
      'Keeps Kubernetes Services pointed at what does not run in Kubernetes: resolves names, checks health, writes Services, Endpoints and EndpointSlices.',
    )
    .version(context.version, '-V, --version')
    .helpCommand(false)
    .showHelpAfterError('(add --help for what there is)')
    .configureHelp(HELP_STYLE)
    .addHelpText('after', OVERVIEW)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.terminal.out.write(text),
      writeErr: (text) => context.terminal.err.write(text),
      getOutHelpWidth: () => helpWidth(context.terminal.out),
      getErrHelpWidth: () => helpWidth(context.terminal.err),
    });
  for (const { name, describe, run } of COMMANDS) {
    const command = describe(program.command(name));
    command.action(async () => {
      running = name;
      exitCode = await run(command.opts() as never, context, command.processedArgs);
    });
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (context.signal.aborted) {
      context.terminal.err.write(
        `${running}: interrupted${running === 'sync' ? '; nothing is half done, the next sync goes on' : ''}\n`,
      );
      return EXIT.interrupted;
    }
    throw error;
  }
}

/** Longer lines are hard to read, however wide the terminal. */
function helpWidth({ columns }: TextOutput): number {
  return Math.min(columns ?? 100, 100);
}

/** How help describes flags: what a person needs, without commander's asides about presets and variables. */
const HELP_STYLE: Partial<Help> = {
  sortSubcommands: false,
  subcommandTerm: (command: Command) => command.name(),
  optionTerm: (option: Option) => option.flags.replace(/ \[.*\]$/, ''),
  optionDescription: (option: Option) => {
    const asides = [
      ...(option.argChoices === undefined ? [] : [option.argChoices.join(', ')]),
      ...(option.defaultValue === undefined
        ? []
        : [`default: ${option.defaultValueDescription ?? option.defaultValue}`]),
    ];
    return asides.length === 0 ? option.description : `${option.description} (${asides.join('; ')})`;
  },
};
