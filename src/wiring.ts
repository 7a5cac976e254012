import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Readable } from 'node:stream';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Cluster, ClusterChoice, ConnectResult } from './cli/cluster.ts';
import type { CliContext } from './cli/context.ts';
import type { Terminal } from './cli/rendering/terminal.ts';
import { parseHostsFile } from './dns/hosts-file.ts';
import { parseResolvConf } from './dns/resolv-conf.ts';
import { createResolver, DEFAULT_RESOLVER_LIMITS } from './dns/stub-resolver.ts';
import { proberOver } from './health/probe.ts';
import { createDnsTransport } from './io/dns-transport.ts';
import { gzipText } from './io/gzip-text.ts';
import { followListFile } from './io/list-file-watch.ts';
import { listFileSource } from './io/list-files.ts';
import { nodeCron } from './io/node-cron.ts';
import { readPartAside } from './io/part-thread.ts';
import { probeBound } from './io/probe-bound.ts';
import { readAgainWhenChanged } from './io/reread-file.ts';
import { cpuTimeOfProcess, systemClock } from './io/system-clock.ts';
import { systemRandom } from './io/system-random.ts';
import { TcpDialer } from './io/tcp-dialer.ts';
import { ConfigMapState } from './state/config-map-state.ts';

export { isPartThread, serveThread } from './io/part-thread.ts';

/** Values that only the process has. */
export interface ProcessFacts {
  readonly terminal: Terminal;
  /** Called only when a command reads standard input. */
  readonly stdin: () => Readable;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly nodeVersion: string;
  readonly signal: AbortSignal;
  /** The script of this process. A worker thread runs it too, to parse long lists. */
  readonly entry: URL;
}

/** The composition root: the only place that builds a real clock, socket, file reader or client. */
export function wire(facts: ProcessFacts): CliContext {
  const { terminal, version, nodeVersion, signal } = facts;
  const resolver = systemResolver(terminal);
  return {
    terminal,
    version,
    nodeVersion,
    signal,
    clock: systemClock,
    random: systemRandom,
    resolver,
    prober: proberOver(new TcpDialer(systemClock), systemClock, cpuTimeOfProcess),
    maxProbesInFlight: probeBound(),
    readList: (paths) => listFileSource(paths, facts.stdin).read(signal),
    readPart: (part, until) => readPartAside(facts.entry, part, until),
    followFiles: (paths) =>
      paths.map((path) => followListFile(path, listFileSource([path], facts.stdin), systemClock)),
    connect: (choice) => connect(choice, facts),
    newLog: async (level, format) => {
      const { createLog } = await import('./io/pino-log.ts');
      return createLog({ level, format, colors: terminal.err.colors });
    },
    cron: nodeCron,
    newMetrics: async () => (await import('./io/prometheus.ts')).createPrometheusMetrics(resolver),
    startStatusServer: async (listen, routes) =>
      (await import('./io/status-server.ts')).startStatusServer(listen, routes),
    identity: `${hostname()}_${randomUUID().slice(0, 8)}`,
    startDemoWorld: async () => {
      // Other commands start faster without the embedded servers.
      const { startDemoWorld } = await import('./demo-world.ts');
      return startDemoWorld((load, place) => clusterAt(load, 'demo', place, facts));
    },
  };
}

function systemResolver({ err }: Terminal) {
  const warn = ({ path, message }: { readonly path: string; readonly message: string }) =>
    err.write(`${path}: ${message}\n`);
  const now = () => systemClock.monotonicNow();
  return createResolver({
    transport: createDnsTransport(),
    clock: systemClock,
    random: systemRandom,
    systemConfig: readAgainWhenChanged('/etc/resolv.conf', parseResolvConf, warn, now),
    systemHosts: readAgainWhenChanged('/etc/hosts', parseHostsFile, warn, now),
    limits: DEFAULT_RESOLVER_LIMITS,
  });
}

async function connect(choice: ClusterChoice, facts: ProcessFacts): Promise<ConnectResult> {
  // client-node and undici take half of the startup time, so commands without a cluster do not load them.
  const { loadKubeConfig } = await import('./io/kube-config.ts');
  const { kubeconfig, context, instance } = choice;
  const loaded = loadKubeConfig({
    environment: facts.environment,
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  if (!loaded.ok) return loaded;
  const stateNamespace = choice.stateNamespace ?? loaded.namespace;
  const cluster = await clusterAt(loaded.load, loaded.describe, { instance, stateNamespace }, facts);
  return { ok: true, cluster };
}

async function clusterAt(
  load: () => KubeConfig,
  name: string,
  place: { readonly instance: string; readonly stateNamespace: string },
  { version }: ProcessFacts,
): Promise<Cluster> {
  const [{ KubeStore }, { KubeTransport }] = await Promise.all([
    import('./io/kube-store.ts'),
    import('./io/kube-transport.ts'),
  ]);
  const transport = new KubeTransport({
    load,
    clock: systemClock,
    userAgent: `external-endpoints/${version}`,
  });
  const store = new KubeStore(transport);
  const { instance, stateNamespace: namespace } = place;
  return {
    name,
    store,
    stateNamespace: namespace,
    state: new ConfigMapState(store, gzipText, systemClock, { namespace, instance }),
    requestCount: () => transport.requestCount,
    onAnswer: (handler) => {
      transport.onAnswer = handler;
    },
    close: async () => transport.close(),
  };
}
