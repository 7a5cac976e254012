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

/** Everything a command reaches outside itself. Built once, in `wiring`. */
export interface CliContext {
  readonly terminal: Terminal;
  readonly version: string;
  readonly nodeVersion: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly resolver: TimedResolver;
  readonly prober: Prober;
  /** Bound on probes, and so sockets of health checks, in flight. */
  readonly maxProbesInFlight: number;
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal;
  /** Reads `--config` arguments: files, directories, `-` for standard input. */
  readList(paths: readonly string[]): Promise<readonly SourcePart[]>;
  /** Reads the text of a part; in `run` that must not keep everything else waiting. */
  readonly readPart: ReadsParts;
  /** Follows `--config` arguments, each as a source of its own. */
  followFiles(paths: readonly string[]): readonly ListSource[];
  connect(choice: ClusterChoice): Promise<ConnectResult>;
  newLog(level: LogLevel, format: LogFormat): Promise<Log>;
  readonly cron: Cron;
  newMetrics(): Promise<MetricsRegistry>;
  startStatusServer(listen: ListenAddress, routes: StatusRoutes): Promise<StatusServer>;
  /** Tells replicas apart. */
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

/** A cluster, a DNS zone and some backends, all on this machine's loopback and all for real. */
export interface DemoWorld {
  readonly cluster: Cluster;
  /** The target list that the demo publishes. */
  readonly listText: string;
  /** Which listener stands behind which documentation address. */
  readonly addresses: readonly { readonly documented: string; readonly listener: string }[];
  readonly prober: Prober;
  /** A resolver that remembers nothing, as a new process would not. */
  newResolver(): TimedResolver;
  stopBackend(documented: string): Promise<void>;
  startBackend(documented: string): Promise<void>;
  /** Points a name of the zone at one address. */
  moveRecord(name: string, documented: string): void;
  /** Writes a kubeconfig for the embedded API server and returns its path; it goes when the world closes. */
  writeKubeconfig(): Promise<string>;
  close(): Promise<void>;
}
