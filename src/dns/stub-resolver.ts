import type { Hostname } from '../model/hostname.ts';
import type { DnsSettings } from '../model/target.ts';
import type { Clock } from '../time/clock.ts';
import type { Random } from '../time/random.ts';
import { withoutDot } from './answer.ts';
import { type DnsCounters, newCounters } from './counters.ts';
import type { HostsTable } from './hosts-file.ts';
import { localLookup } from './local-answers.ts';
import { QueryCache } from './query-cache.ts';
import { QueryCoordinator } from './query-coordinator.ts';
import { type QueryLimits, QueryQueue } from './query-queue.ts';
import type { SystemDnsConfig } from './resolv-conf.ts';
import type { NameSource, TimedResolution, TimedResolver } from './resolver.ts';
import { searchCandidates } from './search.ts';
import { viewOf } from './server-view.ts';
import { type AskQuestion, resolveHost, resolveService } from './source-resolution.ts';
import type { DnsTransport } from './transport.ts';

export interface ResolverDependencies {
  readonly transport: DnsTransport;
  readonly clock: Clock;
  readonly random: Random;
  /** The current resolv.conf of the system. The same object while it has not changed. */
  readonly systemConfig: () => SystemDnsConfig;
  /** The current hosts file of the system. Called only for targets with `dns.hosts`. */
  readonly systemHosts: () => HostsTable;
  readonly limits: ResolverLimits;
}

export interface ResolverLimits extends QueryLimits {
  /** The number of names in the cache. */
  readonly maxNames: number;
}

export const DEFAULT_RESOLVER_LIMITS: ResolverLimits = {
  maxInFlight: 512,
  maxInFlightPerGroup: 128,
  maxWaiting: 100_000,
  maxNames: 50_000,
};

export interface CountingResolver extends TimedResolver {
  readonly counters: Readonly<DnsCounters>;
  /** Queries in flight, and queries that wait for a slot. */
  load(): { readonly inFlight: number; readonly waiting: number };
}

/** A stub resolver: queries recursive servers, or an authority for its own names, and caches the answers. */
export function createResolver(dependencies: ResolverDependencies): CountingResolver {
  const { clock, limits } = dependencies;
  const counters = newCounters();
  const queue = new QueryQueue(limits);
  const coordinator = new QueryCoordinator(
    { ...dependencies, counters },
    new QueryCache(limits.maxNames),
    queue,
  );

  function resolveTimed(
    source: NameSource,
    settings: DnsSettings,
    signal: AbortSignal,
  ): Promise<TimedResolution> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const view = viewOf(settings, dependencies.systemConfig);
    const hosts = settings.hosts ? dependencies.systemHosts() : undefined;
    const lane = source.kind === 'host' ? source.host : source.srv;
    const asker = { settings, view, lane, signal };
    const ask: AskQuestion = (name, type, service) => {
      const local = localLookup(name, type, hosts, view.ipv6);
      if (local === undefined) return coordinator.ask(name, type, asker, service);
      return Promise.resolve({ lookup: local, atMs: clock.monotonicNow(), failuresInARow: 0 });
    };
    // The hosts file has complete names, so a name in it is not searched for.
    const listed = hosts?.has(withoutDot(lane) as Hostname) ?? false;
    const candidates = listed ? [lane] : searchCandidates(lane, view.search, view.ndots);
    return source.kind === 'host'
      ? resolveHost(candidates, ask, settings)
      : resolveService(candidates, ask, settings);
  }

  return {
    resolveTimed,
    resolve: async (source, settings, signal) => (await resolveTimed(source, settings, signal)).resolution,
    counters,
    load: () => ({ inFlight: queue.inFlight, waiting: queue.waiting }),
  };
}
