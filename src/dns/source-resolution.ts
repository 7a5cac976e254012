import type { Hostname } from '../target/hostname.ts';
import type { AddressFamily } from '../target/ip-address.ts';
import type { Lookup } from './chain.ts';
import { absenceOf, QUERY_TYPE, resolutionOf } from './host-answers.ts';
import type { QueryType } from './message.ts';
import type { TimedResolution } from './resolver.ts';
import { type Found, searchFor } from './search.ts';
import { combineTargets, readServiceTargets } from './srv-answers.ts';

/** What is known of one question, since when, and until when it is not asked again; monotonic ms. */
export interface TimedLookup {
  readonly lookup: Lookup;
  /** When the answer came. */
  readonly answeredAtMs: number;
  readonly freshUntilMs: number;
}

/**
 * Asks, or recalls. What goes wrong is a {@link Lookup} too. With `service`, what that service's SRV reply
 * said of its targets will do.
 */
export type AskQuestion = (
  name: Hostname,
  type: QueryType,
  signal: AbortSignal,
  service?: Hostname,
) => Promise<TimedLookup>;

type BothFamilies = Readonly<Record<AddressFamily, TimedLookup>>;

/** A and AAAA of the first of `candidates` that has either. */
export async function resolveHost(
  candidates: readonly Hostname[],
  ask: AskQuestion,
  signal: AbortSignal,
): Promise<TimedResolution> {
  const askBoth = async (name: Hostname): Promise<BothFamilies> => {
    const [IPv4, IPv6] = await Promise.all([ask(name, 'A', signal), ask(name, 'AAAA', signal)]);
    return { IPv4, IPv6 };
  };
  const { result, decisive } = await searchFor(candidates, askBoth, foundHost);
  const freshUntilMs = Math.min(
    ...decisive.flatMap(({ IPv4, IPv6 }) => [IPv4.freshUntilMs, IPv6.freshUntilMs]),
  );
  const { IPv4, IPv6 } = result;
  const failed = [IPv4.lookup, IPv6.lookup].find(({ kind }) => kind === 'unresolved');
  // With more names to try, the absence of one family says nothing while the other family failed.
  const undecided = candidates.length > 1 && foundHost(result) === 'undecided' ? failed : undefined;
  return {
    resolution: {
      IPv4: resolutionOf(undecided ?? IPv4.lookup),
      IPv6: resolutionOf(undecided ?? IPv6.lookup),
    },
    answeredAtMs: { IPv4: IPv4.answeredAtMs, IPv6: IPv6.answeredAtMs },
    freshUntilMs,
  };
}

function foundHost({ IPv4, IPv6 }: BothFamilies): Found {
  const kinds = [IPv4.lookup.kind, IPv6.lookup.kind];
  if (kinds.includes('records')) return 'found';
  // NXDOMAIN is said of the name, whichever type was asked for.
  if (kinds.includes('nameNotFound')) return 'absent';
  return kinds.includes('unresolved') ? 'undecided' : 'empty';
}

/** The SRV records of the first of `candidates` that has any, and the addresses of their targets. */
export async function resolveService(
  candidates: readonly Hostname[],
  ask: AskQuestion,
  signal: AbortSignal,
): Promise<TimedResolution> {
  const askService = async (name: Hostname) => ({ name, ...(await ask(name, 'SRV', signal)) });
  const { result, decisive } = await searchFor(candidates, askService, ({ lookup }) => foundService(lookup));
  const freshUntilMs = Math.min(...decisive.map((answer) => answer.freshUntilMs));
  if (result.lookup.kind !== 'records') {
    const absence = absenceOf(result.lookup);
    const { answeredAtMs } = result;
    return {
      resolution: { IPv4: absence, IPv6: absence },
      answeredAtMs: { IPv4: answeredAtMs, IPv6: answeredAtMs },
      freshUntilMs,
    };
  }
  const service: Service = { ...result, lookup: result.lookup };
  const [IPv4, IPv6] = await Promise.all([
    resolveTargets(service, 'IPv4', ask, signal),
    resolveTargets(service, 'IPv6', ask, signal),
  ]);
  return {
    resolution: { IPv4: IPv4.resolution, IPv6: IPv6.resolution },
    answeredAtMs: { IPv4: IPv4.answeredAtMs, IPv6: IPv6.answeredAtMs },
    freshUntilMs: Math.min(IPv4.freshUntilMs, IPv6.freshUntilMs),
  };
}

interface Service extends TimedLookup {
  readonly name: Hostname;
  readonly lookup: Extract<Lookup, { kind: 'records' }>;
}

async function resolveTargets(
  service: Service,
  family: AddressFamily,
  ask: AskQuestion,
  signal: AbortSignal,
) {
  const targets = readServiceTargets(service.lookup.records);
  const hosts = [...new Set(targets.map(({ host }) => host))];
  const found = await Promise.all(
    hosts.map(async (host) => ({ host, ...(await ask(host, QUERY_TYPE[family], signal, service.name)) })),
  );
  const lookups = new Map(found.map(({ host, lookup }) => [host, lookup]));
  return {
    resolution: combineTargets(targets, lookups, service.lookup.ttlSeconds),
    answeredAtMs: Math.max(service.answeredAtMs, ...found.map(({ answeredAtMs }) => answeredAtMs)),
    freshUntilMs: Math.min(service.freshUntilMs, ...found.map(({ freshUntilMs }) => freshUntilMs)),
  };
}

function foundService(lookup: Lookup): Found {
  switch (lookup.kind) {
    case 'records':
      return 'found';
    case 'noData':
      return 'empty';
    case 'nameNotFound':
      return 'absent';
    case 'unresolved':
      return 'undecided';
  }
}
