import { fileURLToPath } from 'node:url';
import { CliProcess, type Ended } from './cli-process.ts';
import type { Stage } from './e2e-stage.ts';
import { MetricsReading } from './metrics-reading.ts';
import { type WaitOptions, waitFor } from './wait-for.ts';

export interface LogLine {
  readonly time: string;
  readonly level: number;
  readonly reason: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

const HEAP_METER = fileURLToPath(new URL('../programs/heap-meter.ts', import.meta.url));

/** `external-endpoints run` as a process. */
export class WorkerProcess implements AsyncDisposable {
  readonly #process: CliProcess;

  private constructor(process: CliProcess) {
    this.#process = process;
  }

  /**
   * @param list a path for `--config`, or other arguments for the list.
   * @param options.measuresHeap for {@link heapBytes}.
   */
  static start(
    stage: Stage,
    list: string | readonly string[],
    options: {
      readonly args?: readonly string[];
      readonly kubeconfig?: string;
      readonly measuresHeap?: boolean;
    } = {},
  ): WorkerProcess {
    const { namespace, cluster } = stage;
    const args = [
      'run',
      ...(typeof list === 'string' ? ['--config', list] : list),
      ...['--kubeconfig', options.kubeconfig ?? cluster.kubeconfigPath],
      ...['--instance', namespace, '--state-namespace', namespace],
      ...['--listen', '127.0.0.1:0', '--log-format', 'json'],
      ...(options.args ?? []),
    ];
    const environment = options.measuresHeap === true ? { NODE_OPTIONS: `--import=${HEAP_METER}` } : {};
    return new WorkerProcess(new CliProcess(args, environment));
  }

  get ended(): Promise<Ended> {
    return this.#process.ended;
  }

  get log(): readonly LogLine[] {
    const lines = this.#process.stderr.split('\n').slice(0, -1);
    return lines.flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []));
  }

  /** Its output without the log lines, such as a stack trace. */
  get noise(): string {
    const lines = this.#process.stderr.split('\n');
    return lines.filter((line) => line !== '' && !line.startsWith('{')).join('\n');
  }

  has(reason: string): boolean {
    return this.log.some((line) => line.reason === reason);
  }

  get port(): number {
    const listening = this.log.find(({ reason }) => reason === 'Listening');
    const port = /port (\d+)/.exec(listening?.msg ?? '')?.[1];
    if (port === undefined) throw new Error(`it does not listen: ${this.#process.stderr}`);
    return Number(port);
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`);
    return { status: response.status, body: await response.text() };
  }

  async untilReady(): Promise<void> {
    await waitFor('the worker to listen', () => this.has('Listening'));
    await waitFor('the worker to be ready', async () => (await this.get('/readyz')).status === 200);
  }

  async metrics(): Promise<MetricsReading> {
    return new MetricsReading((await this.get('/metrics')).body);
  }

  /** The size of its heap after a garbage collection. */
  async heapBytes(): Promise<number> {
    const measured = () => this.log.filter(({ reason }) => reason === 'HeapMeasured');
    const before = measured().length;
    this.#process.kill('SIGUSR2');
    await waitFor('the heap to be measured', () => measured().length > before);
    return Number(measured().at(-1)?.heapBytes);
  }

  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void {
    this.#process.kill(signal);
  }

  /** Sends SIGTERM and waits for its end: then its lease is released. */
  async end(): Promise<Ended> {
    this.kill('SIGTERM');
    return this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}

/**
 * A time limit for a machine that does nothing else (`E2E_FULL=1`); four times as much where all tests run.
 */
export function atMost(durationMs: number): number {
  return process.env.E2E_FULL === '1' ? durationMs : durationMs * 4;
}

/** The milliseconds until the condition holds. */
export async function timeUntil(
  what: string,
  condition: () => Promise<boolean>,
  options: WaitOptions = {},
): Promise<number> {
  const fromMs = performance.now();
  await waitFor(what, condition, options);
  return performance.now() - fromMs;
}
