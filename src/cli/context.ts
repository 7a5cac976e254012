import type { SourcePart } from '../config/source.ts';
import type { TimedResolver } from '../dns/resolver.ts';
import type { Prober } from '../health/probe.ts';
import type { ListSource } from '../list/list-source.ts';
import type { ReadsParts } from '../list/part-reader.ts';
import type { Log, LogFormat, LogLevel } from '../model/log.ts';
import type { Metrics } from '../sync/metrics.ts';
import type { StatusRoutes, StatusServer } from '../sync/status-routes.ts';
import type { Clock } from '../time/clock.ts';
import type { Cron } from '../time/cron.ts';
import type { Random } from '../time/random.ts';
import type { Cluster, ClusterChoice, ConnectResult } from './cluster.ts';
import type { Terminal } from './rendering/terminal.ts';

/** The ports of the command line: everything a command reaches outside itself. `wiring` builds it once. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly version: string;
  readonly nodeVersion: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly resolver: TimedResolver;
  readonly prober: Prober;
  /** Upper bound on concurrent health checks, and so on their open sockets. */
  readonly maxProbesInFlight: number;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  /** Reads `--config` arguments: files, directories, `-` for standard input. */
  readList(paths: readonly string[]): Promise<readonly SourcePart[]>;
  /** Parses the text of a part without blocking the event loop: `run` uses it for long lists. */
  readonly readPart: ReadsParts;
  /** Watches `--config` arguments; each one is a separate source. */
  followFiles(paths: readonly string[]): readonly ListSource[];
  connect(choice: ClusterChoice): Promise<ConnectResult>;
  newLog(level: LogLevel, format: LogFormat): Promise<Log>;
  readonly cron: Cron;
  newMetrics(): Promise<MetricsRegistry>;
  startStatusServer(listen: ListenAddress, routes: StatusRoutes): Promise<StatusServer>;
  /** Unique among replicas: the holder identity of the Lease. */
  readonly identity: string;
  startDemoWorld(): Promise<DemoWorld>;
}

export interface MetricsRegistry {
  readonly metrics: Metrics;
  readonly contentType: string;
  text(): Promise<string>;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
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
