import type { Clock } from '../target/clock.ts';
import type { Hostname } from '../target/hostname.ts';
import type { Random } from '../target/random.ts';
import type { DnsSettings } from '../target/target.ts';
import { withoutDot } from './answer.ts';
import { AnswerCache, freshUntilMs, type RememberedLookup } from './answer-cache.ts';
import type { AskContext } from './attempt.ts';
import { type Lookup, lookUp } from './chain.ts';
import { type DnsCounters, newCounters } from './counters.ts';
import { Flights } from './flights.ts';
import type { HostsTable } from './hosts-file.ts';
import { localLookup } from './local-answers.ts';
import type { QueryType, Question } from './message.ts';
import { type QueryLimits, QueryQueue } from './query-queue.ts';
import type { SystemDnsConfig } from './resolv-conf.ts';
import type { NameSource, TimedResolution, TimedResolver } from './resolver.ts';
import { searchCandidates } from './search.ts';
import { ServerRegistry } from './server-registry.ts';
import { type ServerView, viewOf } from './server-view.ts';
import { type AskQuestion, resolveHost, resolveService, type TimedLookup } from './source-resolution.ts';
import { additionalAddresses } from './srv-answers.ts';
import type { DnsTransport } from './transport.ts';

export interface ResolverDependencies {
  readonly transport: DnsTransport;
  readonly clock: Clock;
  readonly random: Random;
  /** The system's resolv.conf as it stands now. Called for each resolution that names no servers. */
  readonly systemConfig: () => SystemDnsConfig;
  /** The system's hosts file as it stands now. Called only for targets with `dns.hosts`. */
  readonly systemHosts: () => HostsTable;
  readonly limits: ResolverLimits;
}

export interface ResolverLimits extends QueryLimits {
  /** Answers that are remembered, one a name and record type. */
  readonly maxCacheEntries: number;
}

export const DEFAULT_RESOLVER_LIMITS: ResolverLimits = {
  maxInFlight: 256,
  maxInFlightPerGroup: 64,
  maxWaiting: 100_000,
  maxCacheEntries: 50_000,
};

export interface CountingResolver extends TimedResolver {
  readonly counters: Readonly<DnsCounters>;
  /** Questions being asked, and questions that wait for a place, at this moment. */
  load(): { readonly inFlight: number; readonly waiting: number };
}

/** A stub resolver: asks recursive servers (or an authority for its own names) and remembers for as long as it may. */
export function createResolver(dependencies: ResolverDependencies): CountingResolver {
  const { clock, limits } = dependencies;
  const counters = newCounters();
  const context: AskContext = { ...dependencies, counters };
  const registry = new ServerRegistry();
  const cache = new AnswerCache(limits.maxCacheEntries);
  const flights = new Flights<RememberedLookup>();
  const queue = new QueryQueue(limits);

  function recall(key: string, settings: DnsSettings): TimedLookup | undefined {
    const known = cache.get(key);
    const timed = known === undefined ? undefined : withFreshness(known, settings);
    return timed !== undefined && timed.freshUntilMs > clock.monotonicNow() ? timed : undefined;
  }

  async function askServers(
    question: Question,
    view: ServerView,
    lane: string,
    signal: AbortSignal,
  ): Promise<RememberedLookup> {
    const run = () => lookUp(question, view.plan, registry, context, signal);
    const lookup = (await queue.run(view.key, lane, run, signal)) ?? QUEUE_FULL;
    const nowMs = clock.monotonicNow();
    if (question.type === 'SRV' && lookup.kind === 'records') {
      for (const { host, type, lookup: given } of additionalAddresses(question.name, lookup)) {
        cache.remember(givenKey(host, type, view, question.name), given, nowMs);
      }
    }
    return cache.remember(questionKey(question, view), lookup, nowMs);
  }

  function askOrRecall(
    settings: DnsSettings,
    view: ServerView,
    hosts: HostsTable | undefined,
    lane: string,
  ): AskQuestion {
    return async (name, type, signal, service) => {
      const local = localLookup(name, type, hosts, view.ipv6);
      if (local !== undefined) {
        const nowMs = clock.monotonicNow();
        return { lookup: local, answeredAtMs: nowMs, freshUntilMs: nowMs + settings.minTtlMs };
      }
      const question = { name, type };
      const recalled =
        recall(questionKey(question, view), settings) ??
        (service === undefined ? undefined : recall(givenKey(name, type, view, service), settings));
      if (recalled !== undefined) {
        counters.cacheHits += 1;
        return recalled;
      }
      const key = flightKey(question, view);
      const joined = flights.join(key, signal);
      if (joined !== undefined) counters.shared += 1;
      const begin = () => flights.begin(key, (shared) => askServers(question, view, lane, shared), signal);
      return withFreshness(await (joined ?? begin()), settings);
    };
  }

  async function resolveTimed(
    source: NameSource,
    settings: DnsSettings,
    signal: AbortSignal,
  ): Promise<TimedResolution> {
    signal.throwIfAborted();
    const view = viewOf(settings, dependencies.systemConfig);
    const hosts = settings.hosts ? dependencies.systemHosts() : undefined;
    const name = source.kind === 'host' ? source.host : source.srv;
    const ask = askOrRecall(settings, view, hosts, name);
    // The hosts file knows names as they are written; one that it lists is not searched for.
    const listed = hosts?.has(withoutDot(name) as Hostname) ?? false;
    const candidates = listed ? [name] : searchCandidates(name, view.search, view.ndots);
    return source.kind === 'host'
      ? resolveHost(candidates, ask, signal)
      : resolveService(candidates, ask, signal);
  }

  return {
    resolveTimed,
    resolve: async (source, settings, signal) => (await resolveTimed(source, settings, signal)).resolution,
    counters,
    load: () => ({ inFlight: queue.inFlight, waiting: queue.waiting }),
  };
}

const QUEUE_FULL: Lookup = {
  kind: 'unresolved',
  reason: 'TooManyQueries',
  message: 'too many questions are waiting already',
};

function withFreshness(remembered: RememberedLookup, settings: DnsSettings): TimedLookup {
  const { lookup, atMs } = remembered;
  return { lookup, answeredAtMs: atMs, freshUntilMs: freshUntilMs(remembered, settings) };
}

/** What is known of a name depends on whom was asked … */
function questionKey({ name, type }: Question, view: ServerView): string {
  return `${type} ${name} ${view.key}`;
}

/** … and what is found out now, besides, on how patiently. */
function flightKey(question: Question, view: ServerView): string {
  return `${questionKey(question, view)} ${view.plan.timeoutMs} ${view.plan.attempts}`;
}

/** Unasked-for records are kept apart: they answer nobody but who asked for the service (RFC 2181 §5.4.1). */
function givenKey(name: Hostname, type: QueryType, view: ServerView, service: Hostname): string {
  return `${questionKey({ name, type }, view)} for ${service}`;
}
