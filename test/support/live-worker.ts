import { runCommandLine } from '../../src/cli/program.ts';
import { createPrometheusMetrics } from '../../src/io/prometheus.ts';
import type { StatusRoutes } from '../../src/sync/status-routes.ts';
import { CliWorld } from './cli-world.ts';
import { MetricsReading } from './metrics-reading.ts';

export interface LoggedLine {
  readonly atMs: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly reason: string;
  readonly message: string;
  readonly fields: object;
}

/** `run`, from its command line on, in a world that a test holds in its hands: time passes when the test says so. */
export class LiveWorker {
  readonly world: CliWorld;
  readonly log: LoggedLine[] = [];
  readonly ended: Promise<number>;
  /** What a signal aborts. */
  readonly interruption = new AbortController();
  readonly #registry: ReturnType<typeof createPrometheusMetrics>;
  #list: string;
  #report: (text: string) => void;
  #routes: StatusRoutes = {};

  private constructor(world: CliWorld, list: string, args: readonly string[], identity: string) {
    this.world = world;
    this.#registry = createPrometheusMetrics(world.dns.resolver);
    this.#list = list;
    this.#report = (text) => {
      this.#list = text;
    };
    const logged =
      (level: LoggedLine['level']) =>
      (reason: string, message: string, fields: object = {}) =>
        this.log.push({ atMs: world.clock.monotonicNow(), level, reason, message, fields });
    const log = { info: logged('info'), warn: logged('warn'), error: logged('error') };
    this.ended = runCommandLine(['run', '--config', 'targets.yaml', ...args], {
      ...world.context,
      identity,
      signal: this.interruption.signal,
      followFiles: ([name = '']) => [
        {
          name,
          run: (onParts, signal) => {
            this.#report = (text) => onParts([{ ok: true, source: name, text }]);
            this.#report(this.#list);
            return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
          },
        },
      ],
      newLog: async () => log,
      newMetrics: async () => this.#registry,
      startStatusServer: async (_listen, routes) => {
        this.#routes = routes;
        return { port: 0, close: async () => undefined };
      },
    });
  }

  /**
   * @param world another worker's, for one that comes after it.
   * @param identity another one than that worker's, for one beside it.
   */
  static start(
    list: string,
    args: readonly string[] = [],
    world = new CliWorld(),
    identity = world.context.identity,
  ): LiveWorker {
    return new LiveWorker(world, list, args, identity);
  }

  /** The list says something else from now on. */
  edit(text: string): void {
    this.#report(text);
  }

  reasons(level?: LoggedLine['level']): string[] {
    return this.log.filter((line) => level === undefined || line.level === level).map(({ reason }) => reason);
  }

  async get(path: string): Promise<{ readonly status: number; readonly body: string }> {
    const route = this.#routes[path];
    if (route === undefined) throw new Error(`nothing is served at ${path}`);
    return route();
  }

  async metrics(): Promise<MetricsReading> {
    return new MetricsReading((await this.get('/metrics')).body);
  }

  /** As on SIGTERM: its exit code. */
  async end(): Promise<number> {
    this.interruption.abort(new Error('received SIGTERM'));
    return this.world.clock.advanceUntil(this.ended);
  }
}
