import type { Hostname } from '../target/hostname.ts';
import { ADDRESS_FAMILIES, type AddressFamily } from '../target/ip-address.ts';
import type { Lookup } from './chain.ts';
import { absenceOf, QUERY_TYPE, resolutionOf } from './host-answers.ts';
import type { QueryType } from './message.ts';
import type { Resolution } from './resolution.ts';
import type { TimedResolution } from './resolver.ts';
import { type Found, searchFor } from './search.ts';
import { combineTargets, readServiceTargets } from './srv-answers.ts';

/** What is known of one question, and until when (monotonic ms) it is not asked again. */
export interface TimedLookup {
  readonly lookup: Lookup;
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
  const { name, lookup } = result;
  const freshUntilMs = Math.min(...decisive.map((answer) => answer.freshUntilMs));
  if (lookup.kind !== 'records') {
    const absence = absenceOf(lookup);
    return { resolution: { IPv4: absence, IPv6: absence }, freshUntilMs };
  }
  const targets = readServiceTargets(lookup.records);
  const hosts = [...new Set(targets.map(({ host }) => host))];
  let earliestMs = freshUntilMs;
  const resolveFamily = async (family: AddressFamily): Promise<Resolution> => {
    const lookups = new Map<Hostname, Lookup>();
    const found = await Promise.all(hosts.map((host) => ask(host, QUERY_TYPE[family], signal, name)));
    hosts.forEach((host, index) => {
      const answer = found[index];
      if (answer === undefined) return;
      lookups.set(host, answer.lookup);
      earliestMs = Math.min(earliestMs, answer.freshUntilMs);
    });
    return combineTargets(targets, lookups, lookup.ttlSeconds);
  };
  const [IPv4, IPv6] = await Promise.all(ADDRESS_FAMILIES.map(resolveFamily));
  if (IPv4 === undefined || IPv6 === undefined) throw new Error('a family of addresses was not resolved');
  return { resolution: { IPv4, IPv6 }, freshUntilMs: earliestMs };
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
