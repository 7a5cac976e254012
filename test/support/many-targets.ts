import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ALL_CONTROLLERS } from '../../src/embedded/apiserver/controllers/controllers.ts';
import { type EmbeddedApiServer, startEmbeddedApiServer } from '../../src/embedded/apiserver/listener.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import type { EndpointSliceObject } from '../../src/manifest/kube-object.ts';
import type { ProcessCost } from '../programs/cli-on-loopback.ts';
import { ListenerProcess } from './listener-process.ts';
import { loopbackAddress } from './probing-load.ts';

const PROGRAM = fileURLToPath(new URL('../programs/cli-on-loopback.ts', import.meta.url));
const ADDRESSES_PER_TARGET = 2;

/**
 * Many targets with two TCP-checked addresses each, the embedded API server that they are published to (in this
 * process), and one listener for all addresses (in a process of its own). For benches.
 */
export class ManyTargets implements AsyncDisposable {
  readonly targets: number;
  readonly #server: EmbeddedApiServer;
  readonly #listener: ListenerProcess;
  readonly #controllers = new AbortController();
  readonly #directory = mkdtempSync(join(tmpdir(), 'external-endpoints-targets-'));
  readonly #published = new Set<string>();

  private constructor(targets: number, server: EmbeddedApiServer, listener: ListenerProcess) {
    this.targets = targets;
    this.#server = server;
    this.#listener = listener;
    server.core.startControllers({ controllers: ALL_CONTROLLERS }, this.#controllers.signal);
    server.core.store.subscribe(({ resource, type, stored }) => {
      if (resource !== 'endpointslices') return;
      if (type !== 'DELETED' && isReady(stored.object as unknown as EndpointSliceObject))
        this.#published.add(stored.key);
      else this.#published.delete(stored.key);
    });
    writeFileSync(join(this.#directory, 'kubeconfig'), server.kubeconfig, { mode: 0o600 });
    writeFileSync(join(this.#directory, 'targets.yaml'), listOf(targets, listener.port));
  }

  static async start(targets: number): Promise<ManyTargets> {
    const server = await startEmbeddedApiServer({ clock: systemClock, random: systemRandom });
    return new ManyTargets(targets, server, await ListenerProcess.sink());
  }

  /** How many targets have all their addresses ready in the cluster. */
  get published(): number {
    return this.#published.size;
  }

  /** Starts `external-endpoints COMMAND` with the list of these targets. */
  start(command: 'sync' | 'run', args: readonly string[] = []): MeasuredProcess {
    return new MeasuredProcess([
      ...[command, '--config', join(this.#directory, 'targets.yaml')],
      ...['--kubeconfig', join(this.#directory, 'kubeconfig'), ...args],
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controllers.abort();
    await this.#listener[Symbol.asyncDispose]();
    await this.#server.close();
    rmSync(this.#directory, { recursive: true });
  }
}

/** A command that was started, and what it cost. */
export class MeasuredProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #startedMs = performance.now();
  #lastCost: ProcessCost | undefined;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[]) {
    const env = { PATH: process.env.PATH ?? '', HOME: tmpdir() };
    this.#child = fork(PROGRAM, args, { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#child.on('message', (cost) => {
      this.#lastCost = cost as ProcessCost;
    });
    this.#ended = once(this.#child, 'close');
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedMs;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What it has used up to now. */
  async cost(): Promise<ProcessCost> {
    const answered = once(this.#child, 'message');
    this.#child.send('cost');
    const [cost] = await answered;
    return cost as ProcessCost;
  }

  /** What it had used when it ended, by itself and with exit code 0. */
  async untilEnded(): Promise<ProcessCost> {
    await this.#ended;
    if (this.#child.exitCode !== 0 || this.#lastCost === undefined)
      throw new Error(`it ended with ${this.#child.exitCode}: ${this.stdout.slice(0, 2_000)} ${this.stderr}`);
    return this.#lastCost;
  }

  terminate(): void {
    this.#child.kill('SIGTERM');
  }
}

function isReady({ endpoints }: EndpointSliceObject): boolean {
  const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready === true);
  return ready.length === ADDRESSES_PER_TARGET;
}

function listOf(targets: number, port: number): string {
  const address = (at: number) => loopbackAddress(at).replace(/^127\./, '10.');
  const entries = Array.from({ length: targets }, (_, at) => {
    const [first, second] = [address(ADDRESSES_PER_TARGET * at), address(ADDRESSES_PER_TARGET * at + 1)];
    return `  - { name: db-${at}, ports: [{ port: ${port} }], endpoints: [{ address: ${first} }, { address: ${second} }] }\n`;
  });
  return `apiVersion: external-endpoints/v1\nkind: TargetList\ntargets:\n${entries.join('')}`;
}
