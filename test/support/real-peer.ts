import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { waitFor } from './wait-for.ts';

/** Directories of Debian for programs that are not in a user's PATH. */
const MORE_DIRECTORIES = ['/usr/sbin', '/sbin', ...postgresDirectories()];

/** The path of a program, or undefined where its package is not installed. */
export function programPath(name: string): string | undefined {
  const directories = [...(process.env.PATH ?? '').split(delimiter), ...MORE_DIRECTORIES];
  return directories.map((directory) => join(directory, name)).find((path) => existsSync(path));
}

/**
 * Why a test cannot run on this machine, as a message; undefined if it can. With CI=true it throws: a test that cannot
 * run must not look like one that passed.
 */
export function missing(programs: readonly string[], { root = false } = {}): string | undefined {
  const absent = programs.filter((name) => programPath(name) === undefined);
  const lacks = [
    ...(absent.length > 0 ? [`not installed: ${absent.join(', ')}`] : []),
    ...(root && process.getuid?.() !== 0 ? ['not root'] : []),
  ];
  if (lacks.length === 0) return undefined;
  const line = lacks.join('; ');
  if (process.env.CI === 'true') throw new Error(`cannot run in CI: ${line}`);
  console.warn(`skipped: ${line}`);
  return line;
}

/** A server from a Debian package, as a child process with a temporary directory. */
export class RealPeer implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'external-endpoints-'));
  #child: ChildProcess | undefined;
  #output = '';

  /** Its stdout and stderr so far. */
  get output(): string {
    return this.#output;
  }

  file(name: string, content: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, content);
    return path;
  }

  /** Starts it, and waits until it accepts connections at `port` and has printed its ready message. */
  async start(
    program: string,
    args: readonly string[],
    port: number,
    { uid, ready = /(?:)/ }: { uid?: number; ready?: RegExp } = {},
  ): Promise<void> {
    const path = programPath(program);
    if (path === undefined) throw new Error(`${program} is not installed`);
    const child = spawn(path, args, {
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid }),
    });
    this.#child = child;
    const collect = (chunk: Buffer) => {
      this.#output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    await waitFor(`${program} to listen`, async () => {
      if (child.exitCode !== null) throw new Error(`${program} ended: ${this.#output}`);
      return ready.test(this.#output) && takesConnections(port);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

export async function freePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('a server without a port');
      server.close(() => resolve(address.port));
    });
  });
}

export function run(program: string, ...args: string[]): string {
  return execFileSync(programPath(program) ?? program, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function postgresDirectories(): string[] {
  const root = '/usr/lib/postgresql';
  return existsSync(root) ? readdirSync(root).map((version) => join(root, version, 'bin')) : [];
}
