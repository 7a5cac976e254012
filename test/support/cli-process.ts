import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The bundle that ships; the test runner builds it first. */
export const BUNDLE = fileURLToPath(new URL('../../dist/external-endpoints.js', import.meta.url));

export interface Ended {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** `external-endpoints ARGS` as a process. */
export class CliProcess implements AsyncDisposable {
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #output = { stdout: '', stderr: '' };

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}, stdin = '') {
    const env = { ...withoutOurs(process.env), ...environment };
    this.#child = spawn(process.execPath, [BUNDLE, ...args], { env });
    for (const name of ['stdout', 'stderr'] as const) {
      this.#child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
        this.#output[name] += chunk;
      });
    }
    this.#child.stdin?.end(stdin);
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', (code) => resolve({ code: code ?? undefined, ...this.#output }));
    });
  }

  /** Its output so far. */
  get stdout(): string {
    return this.#output.stdout;
  }

  get stderr(): string {
    return this.#output.stderr;
  }

  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL' | 'SIGUSR2'): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.ended;
  }
}

export function runCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  stdin = '',
): Promise<Ended> {
  return new CliProcess(args, environment, stdin).ended;
}

/** The environment without settings of the product and of Node.js: they must not reach a process of a test. */
function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !name.startsWith('EXTERNAL_ENDPOINTS_') && name !== 'KUBECONFIG' && name !== 'NODE_OPTIONS',
  );
  return Object.fromEntries(kept);
}
