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
  /** Takes the parsed flags and arguments that `describe` declares. */
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
Examples:
  external-endpoints demo                           # needs no cluster
  external-endpoints plan --config targets.yaml     # show what would change
  external-endpoints sync --config targets.yaml     # change it

Exit codes:
  0  done; for plan: no changes          3  some targets failed, the others were applied
  1  plan found changes                  4  the cluster was unreachable or denied access
  2  usage or configuration error      130  interrupted

Run a command with --help for its flags and examples. Every flag can also be set in the environment:
--dry-run as EXTERNAL_ENDPOINTS_DRY_RUN. The flag wins.`;

/** Runs one command line (without `node` and the script) and resolves with the exit code. */
export async function runCommandLine(argv: readonly string[], context: CliContext): Promise<number> {
  let exitCode: number = EXIT.done;
  let running = '';
  const program = new Command('external-endpoints')
    .description(
      'Keep Kubernetes Services pointed at hosts outside Kubernetes: resolve names, check health, and write Services, Endpoints and EndpointSlices.',
    )
    .version(context.version, '-V, --version')
    .helpCommand(false)
    .showHelpAfterError('(use --help to list commands and flags)')
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
        `${running}: interrupted${running === 'sync' ? '; the next sync completes the remaining changes' : ''}\n`,
      );
      return EXIT.interrupted;
    }
    throw error;
  }
}

/** The width of help texts: at most 100 characters, because longer lines are hard to read. */
function helpWidth({ columns }: TextOutput): number {
  return Math.min(columns ?? 100, 100);
}

/** Help shows the choices and the default of a flag, but not commander's notes about presets and variables. */
const HELP_STYLE: Partial<Help> = {
  sortSubcommands: false,
  subcommandTerm: (command: Command) => command.name(),
  optionTerm: (option: Option) => option.flags.replace(/ \[.*\]$/, ''),
  optionDescription: (option: Option) => {
    const notes = [
      ...(option.argChoices === undefined ? [] : [option.argChoices.join(', ')]),
      ...(option.defaultValue === undefined
        ? []
        : [`default: ${option.defaultValueDescription ?? option.defaultValue}`]),
    ];
    return notes.length === 0 ? option.description : `${option.description} (${notes.join('; ')})`;
  },
};
