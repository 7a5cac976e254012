import { EXIT } from './cli/exit-code.ts';
import { runCommandLine } from './cli/program.ts';
import type { TextOutput } from './cli/rendering/terminal.ts';
import { isPartThread, serveThread, wire } from './wiring.ts';

declare const __VERSION__: string;

/** After the first signal. */
const END_WITHIN_MS = 4_800;

// A long list is read by a thread, which is this same file once more.
if (isPartThread()) await serveThread();
// Not left to the last handle: a credential plugin that hangs would keep a finished command alive.
else process.exit(await runProcess());

async function runProcess(): Promise<number> {
  const interruption = new AbortController();

  // A pass that is interrupted gives up at once; a second signal does not even wait for that.
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      interruption.abort(new Error(`received ${name}`));
      setTimeout(endAnyhow, END_WITHIN_MS).unref();
    });
  }

  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // Whoever reads (`| head`) has seen enough: nobody is left to tell, and nothing has failed.
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
  await Promise.all([process.stdout, process.stderr].map(written));
  return exitCode;
}

/** A file system that hangs cannot be told to stop, and whoever sent the signal waits. */
function endAnyhow(): never {
  process.stderr.write(
    `external-endpoints did not end in order within ${END_WITHIN_MS / 1000} s; it ends now\n`,
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

/** Once everything that was written has left this process, or cannot any more. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
