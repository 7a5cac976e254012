import type { ObjectStore } from '../cluster/object-store.ts';
import type { ConfigMapReference } from '../config/config-map-reference.ts';
import type { SourcePart } from '../config/source.ts';
import type { DecideOptions } from '../decide/decide.ts';
import type { TimedResolver } from '../dns/resolver.ts';
import type { Prober } from '../health/probe.ts';
import type { ListSource } from '../list/list-source.ts';
import type { ReadsParts } from '../list/part-reader.ts';
import type { StateStore } from '../state/sync-state.ts';
import type { Clock } from '../time/clock.ts';
import type { Cron } from '../time/cron.ts';
import type { Random } from '../time/random.ts';
import type { Metrics } from './metrics.ts';
import type { StatusRoutes, StatusServer } from './status-routes.ts';

/** A cluster that is connected. */
export interface ClusterAccess {
  /** As a person knows it: the context and the server's address. */
  readonly name: string;
  readonly store: ObjectStore;
  readonly state: StateStore;
  /** Where state and Lease are kept. */
  readonly stateNamespace: string;
  requestCount(): number;
  /** Calls the handler for every answer of the API server from now on. */
  onAnswer(handler: (method: string, httpStatus: number) => void): void;
}

/** Where parts of the list are; there is one at least. */
export interface ListSources {
  /** Of `--config`. */
  readonly paths: readonly string[];
  /** Of `--configmap`. */
  readonly configMaps: readonly ConfigMapReference[];
  /** Of `--list-name`. */
  readonly listName: string | undefined;
}

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

export interface MetricsRegistry {
  readonly metrics: Metrics;
  readonly contentType: string;
  text(): Promise<string>;
}

/** What the long-lived worker is asked to do. Times are milliseconds. */
export interface WorkerSettings {
  readonly options: DecideOptions;
  readonly sources: ListSources;
  readonly allowEmpty: boolean;
  readonly listen: ListenAddress;
  readonly leaderElect: boolean;
  readonly timings: {
    readonly leaseDurationMs: number;
    readonly renewDeadlineMs: number;
    readonly retryPeriodMs: number;
  };
  /** When everything is read and decided again. */
  readonly resync: string | undefined;
  readonly timezone: string | undefined;
  readonly cronJitterMs: number;
  readonly startupTimeoutMs: number;
  /** Of one run of a schedule. */
  readonly runTimeoutMs: number;
}

/** Everything the long-lived worker reaches outside itself. */
export interface WorkerContext {
  readonly version: string;
  /** Distinguishes replicas. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly resolver: TimedResolver;
  readonly prober: Prober;
  /** Bound on probes, and so sockets of health checks, in flight. */
  readonly maxProbesInFlight: number;
  /** Aborts when the worker is to end. */
  readonly signal: AbortSignal;
  readonly cron: Cron;
  /** Reads `--config` arguments: files, directories, `-` for standard input. */
  readList(paths: readonly string[]): Promise<readonly SourcePart[]>;
  /** Reads the text of a part, without keeping everything else waiting. */
  readonly readPart: ReadsParts;
  /** Follows `--config` arguments, each as a source of its own. */
  followFiles(paths: readonly string[]): readonly ListSource[];
  newMetrics(): Promise<MetricsRegistry>;
  startStatusServer(listen: ListenAddress, routes: StatusRoutes): Promise<StatusServer>;
}

/** How the worker ended. */
export type WorkerEnd = 'done' | 'cannotListen' | 'clusterFailed';
