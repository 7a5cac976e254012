import { runCommandLine } from './cli/program.ts';
import type { TextOutput } from './cli/terminal.ts';
import { wire } from './wiring.ts';

declare const __VERSION__: string;

const interruption = new AbortController();

// A pass that is interrupted ends after the write that is under way; a second signal ends at once.
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interruption.abort(new Error(`received ${name}`)));
}

process.exitCode = await runCommandLine(
  process.argv.slice(2),
  wire({
    terminal: { out: outputOn(process.stdout), err: outputOn(process.stderr) },
    environment: process.env,
    version: __VERSION__,
    nodeVersion: process.versions.node,
    signal: interruption.signal,
  }),
);

function outputOn(stream: NodeJS.WriteStream): TextOutput {
  return {
    write: (text) => {
      stream.write(text);
    },
    isTerminal: stream.isTTY === true,
    colors: stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb',
    columns: stream.columns,
  };
}
