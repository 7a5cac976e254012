import type { Cluster, ClusterChoice } from '../../src/cli/cluster.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import type { TextOutput } from '../../src/cli/rendering/terminal.ts';
import { partOf } from '../../src/config/target-list.ts';
import { proberOver } from '../../src/health/probe.ts';
import { type Compressor, ConfigMapState } from '../../src/state/config-map-state.ts';
import { ResolverBench, SERVER } from './dns-resolver.ts';
import { InMemoryCluster } from './in-memory-cluster.ts';
import type { ManualClock } from './manual-clock.ts';
import { type RecordingTerminal, recordingTerminal } from './recording-terminal.ts';
import { ScriptedNetwork } from './scripted-network.ts';
import { seededRandom } from './seeded-random.ts';

/** zlib runs in threads of its own, and a manual clock does not wait for them. */
const PLAIN: Compressor = { compress: async (text) => text, decompress: async (text) => text };

/** All ports of a command, without sockets, files and a real clock. */
export class CliWorld {
  readonly dns = new ResolverBench();
  readonly clock: ManualClock = this.dns.clock;
  readonly network = new ScriptedNetwork(this.clock);
  readonly cluster = new InMemoryCluster(this.clock);
  readonly client = this.cluster.newClient();
  readonly terminal: RecordingTerminal;
  readonly interruption = new AbortController();
  /** The files that `--config` may name. */
  readonly files = new Map<string, string>();
  /** Why there is no cluster. */
  noCluster: string | undefined;
  /** The arguments of each `connect`. */
  readonly choices: ClusterChoice[] = [];
  readonly context: CliContext;

  constructor(look: Partial<TextOutput> = {}) {
    this.terminal = recordingTerminal(look);
    const elsewhere = (what: string) => () => {
      throw new Error(`${what}: not in this world`);
    };
    this.context = {
      terminal: this.terminal,
      version: '1.2.3',
      nodeVersion: '24.0.0',
      clock: this.clock,
      random: seededRandom(1),
      resolver: this.dns.resolver,
      prober: proberOver(this.network, this.clock),
      maxProbesInFlight: 100,
      signal: this.interruption.signal,
      identity: 'here',
      followFiles: () => [],
      readPart: async (part) => partOf(part),
      readList: async (paths) =>
        paths.map((source) => {
          const text = this.files.get(source);
          return text === undefined
            ? { ok: false, source, reason: 'NotFound', message: 'there is no such file or directory' }
            : { ok: true, source, text };
        }),
      connect: async (choice) => {
        this.choices.push(choice);
        if (this.noCluster !== undefined) return { ok: false, message: this.noCluster };
        return { ok: true, cluster: this.#clusterFor(choice) };
      },
      cron: { problemWith: elsewhere('cron'), run: elsewhere('cron') },
      newLog: elsewhere('a log'),
      newMetrics: elsewhere('metrics'),
      startStatusServer: elsewhere('a status server'),
      startDemoWorld: elsewhere('a demo'),
    };
  }

  /** Writes a list `name` with these targets, which use the world's DNS server. Returns the flags for it. */
  list(targets: string, name = 'targets.yaml'): string[] {
    this.files.set(name, this.textOf(targets));
    return ['--config', name];
  }

  textOf(targets: string): string {
    return `apiVersion: external-endpoints/v1
kind: TargetList
metadata: { name: world }
defaults: { namespace: default, dns: { servers: ["${SERVER.address}"] } }
targets:
${targets}`;
  }

  /** Creates or replaces a ConfigMap in the namespace default. */
  async putConfigMap(name: string, data: Readonly<Record<string, string>>): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name }, data };
    const signal = new AbortController().signal;
    const put = await this.client.store.apply(body, { force: true, dryRun: false }, signal);
    if (!put.ok) throw new Error(put.failure.message);
  }

  /** The names of the Services in the namespace default, without that of the API server. */
  async services(): Promise<string[]> {
    const scope = { namespace: 'default' };
    const read = await this.client.store.list('Service', scope, new AbortController().signal);
    if (!read.ok) throw new Error(read.failure.message);
    const names = read.value.items.map(({ metadata }) => metadata.name);
    return names.filter((name) => name !== 'kubernetes').toSorted();
  }

  /** Runs a command line; time moves as far as it needs. Returns the output of this run alone. */
  async run(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
    const { out, err } = this.terminal;
    const [outBefore, errBefore] = [out.text.length, err.text.length];
    const code = await this.clock.advanceUntil(runCommandLine(argv, this.context));
    return { code, out: out.text.slice(outBefore), err: err.text.slice(errBefore) };
  }

  #clusterFor({ instance, stateNamespace }: ClusterChoice): Cluster {
    const { store, requests } = this.client;
    const place = { namespace: stateNamespace ?? 'default', instance };
    return {
      name: 'test at memory',
      store,
      state: new ConfigMapState(store, PLAIN, this.clock, place),
      stateNamespace: place.namespace,
      requestCount: () => requests.length,
      onAnswer: (handler) => {
        this.client.onAnswer = handler;
      },
      close: async () => undefined,
    };
  }
}
