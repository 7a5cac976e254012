import type { TimedResolver } from '../dns/resolver.ts';
import type { Prober } from '../health/probe.ts';
import type { Log, LogFormat, LogLevel } from '../model/log.ts';
import type { WorkerContext } from '../sync/worker-context.ts';
import type { Cluster, ClusterChoice, ConnectResult } from './cluster.ts';
import type { Terminal } from './rendering/terminal.ts';

/** The ports of the command line: everything a command reaches outside itself. `wiring` builds it once. */
export interface CliContext extends WorkerContext {
  readonly terminal: Terminal;
  readonly nodeVersion: string;
  connect(choice: ClusterChoice): Promise<ConnectResult>;
  newLog(level: LogLevel, format: LogFormat): Promise<Log>;
  startDemoWorld(): Promise<DemoWorld>;
}

/** Real servers on loopback for the demo: an API server, a DNS server and backends. */
export interface DemoWorld {
  readonly cluster: Cluster;
  /** The target list that the demo publishes. */
  readonly listText: string;
  /** The listener that each documentation address is mapped to. */
  readonly addresses: readonly { readonly documented: string; readonly listener: string }[];
  readonly prober: Prober;
  /** A resolver with an empty cache, as in a new process. */
  newResolver(): TimedResolver;
  stopBackend(documented: string): Promise<void>;
  startBackend(documented: string): Promise<void>;
  /** Points a name of the zone at one address. */
  moveRecord(name: string, documented: string): void;
  /** Writes a kubeconfig for the embedded API server and returns its path. `close` deletes the file. */
  writeKubeconfig(): Promise<string>;
  close(): Promise<void>;
}
