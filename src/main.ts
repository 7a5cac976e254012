import { EXIT } from './cli/exit-code.ts';
import { runCommandLine } from './cli/program.ts';
import type { TextOutput } from './cli/rendering/terminal.ts';
import { isPartThread, serveThread, wire } from './wiring.ts';

declare const __VERSION__: string;

/** Upper bound on the time between the first signal and the exit of the process. */
const STOP_WITHIN_MS = 4_800;

// A worker thread, which runs this same file, parses long lists.
if (isPartThread()) await serveThread();
// Exit explicitly: a credential plugin that hangs would keep a finished command alive.
else process.exit(await runProcess());

async function runProcess(): Promise<number> {
  const interruption = new AbortController();

  // The first signal stops the work in order. A second one ends the process by its default action.
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      interruption.abort(new Error(`received ${name}`));
      setTimeout(exitNow, STOP_WITHIN_MS).unref();
    });
  }

  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // The reader closed the pipe, as `| head` does. This is not an error.
      if (error.code !== 'EPIPE') throw error;
    });
  }

  process.once('uncaughtException', (error) => {
    process.stderr.write(
      `external-endpoints has a defect, please report it:\n${error.stack ?? String(error)}\n`,
    );
    process.exit(EXIT.defect);
  });

  const exitCode = await runCommandLine(
    process.argv.slice(2),
    wire({
      terminal: { out: outputOn(process.stdout), err: outputOn(process.stderr) },
      stdin: () => process.stdin,
      environment: process.env,
      version: __VERSION__,
      nodeVersion: process.versions.node,
      signal: interruption.signal,
      entry: new URL(import.meta.url),
    }),
  );
  await Promise.all([process.stdout, process.stderr].map(flushed));
  return exitCode;
}

/** For work that cannot be interrupted, such as reading from a file system that hangs. */
function exitNow(): never {
  process.stderr.write(
    `external-endpoints did not stop within ${STOP_WITHIN_MS / 1000} s of the signal; exiting now\n`,
  );
  process.exit(EXIT.interrupted);
}

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

/** Resolves when the stream has flushed everything written to it, or has failed. */
function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
