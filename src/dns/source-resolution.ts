import type { Hostname } from '../model/hostname.ts';
import type { AddressFamily } from '../model/ip-address.ts';
import type { DnsSettings } from '../model/target.ts';
import { absenceOf, QUERY_TYPE, resolutionOf } from './host-answers.ts';
import { freshUntilMs, type RememberedLookup } from './lookup.ts';
import type { AnswerRecord, QueryType } from './message.ts';
import type { TimedResolution } from './resolver.ts';
import { type Found, Search } from './search.ts';
import { combineTargets, readServiceTargets } from './srv-answers.ts';

/**
 * Queries or uses the cache. A failure is a lookup too. With `service`, an address from that service's SRV reply is
 * good enough.
 */
export type AskQuestion = (name: Hostname, type: QueryType, service?: Hostname) => Promise<RememberedLookup>;

/** The limits of the TTL. */
type Ttls = Pick<DnsSettings, 'minTtlMs' | 'maxTtlMs'>;

type BothFamilies = readonly [IPv4: RememberedLookup, IPv6: RememberedLookup];

/** A and AAAA of the first of `candidates` that has one of them. */
export async function resolveHost(
  candidates: readonly Hostname[],
  ask: AskQuestion,
  ttls: Ttls,
): Promise<TimedResolution> {
  const search = new Search(candidates, foundHost);
  for (let name = search.candidate; name !== undefined; name = search.candidate) {
    search.take(await Promise.all([ask(name, 'A'), ask(name, 'AAAA')]));
  }
  const { result, decisive } = search.end;
  const [IPv4, IPv6] = result;
  // With more candidates left, the absence of one family says nothing while the other family failed.
  const undecided = candidates.length > 1 && foundHost(result) === 'undecided';
  const failed = undecided ? result.find(({ lookup }) => lookup.kind === 'unresolved')?.lookup : undefined;
  return {
    resolution: {
      IPv4: resolutionOf(failed ?? IPv4.lookup),
      IPv6: resolutionOf(failed ?? IPv6.lookup),
    },
    answeredAtMs: { IPv4: IPv4.atMs, IPv6: IPv6.atMs },
    freshUntilMs: decisive.reduce((ms, both) => Math.min(ms, earliest(both, ttls)), Number.POSITIVE_INFINITY),
  };
}

function earliest(lookups: readonly RememberedLookup[], ttls: Ttls): number {
  let earliestMs = Number.POSITIVE_INFINITY;
  for (const lookup of lookups) earliestMs = Math.min(earliestMs, freshUntilMs(lookup, ttls));
  return earliestMs;
}

function foundHost([{ lookup: IPv4 }, { lookup: IPv6 }]: BothFamilies): Found {
  if (IPv4.kind === 'records' || IPv6.kind === 'records') return 'found';
  // NXDOMAIN concerns the name, whatever type the query had.
  if (IPv4.kind === 'nameNotFound' || IPv6.kind === 'nameNotFound') return 'absent';
  return IPv4.kind === 'unresolved' || IPv6.kind === 'unresolved' ? 'undecided' : 'empty';
}

/** The SRV records of the first of `candidates` that has any, and the addresses of their targets. */
export async function resolveService(
  candidates: readonly Hostname[],
  ask: AskQuestion,
  ttls: Ttls,
): Promise<TimedResolution> {
  const search = new Search(candidates, foundService);
  for (let name = search.candidate; name !== undefined; name = search.candidate) {
    search.take({ name, answer: await ask(name, 'SRV') });
  }
  const { name, answer } = search.end.result;
  const decisive = search.end.decisive.map((each) => each.answer);
  if (answer.lookup.kind !== 'records') {
    const absence = absenceOf(answer.lookup);
    return {
      resolution: { IPv4: absence, IPv6: absence },
      answeredAtMs: { IPv4: answer.atMs, IPv6: answer.atMs },
      freshUntilMs: earliest(decisive, ttls),
    };
  }
  const service = { name, records: answer.lookup.records, ttlSeconds: answer.lookup.ttlSeconds };
  const [IPv4, IPv6] = await Promise.all([
    resolveTargets(service, 'IPv4', ask),
    resolveTargets(service, 'IPv6', ask),
  ]);
  return {
    resolution: { IPv4: IPv4.resolution, IPv6: IPv6.resolution },
    answeredAtMs: {
      IPv4: Math.max(answer.atMs, ...IPv4.answers.map(({ atMs }) => atMs)),
      IPv6: Math.max(answer.atMs, ...IPv6.answers.map(({ atMs }) => atMs)),
    },
    freshUntilMs: earliest([...decisive, ...IPv4.answers, ...IPv6.answers], ttls),
  };
}

interface AnsweredService {
  readonly name: Hostname;
  readonly answer: RememberedLookup;
}

interface Service {
  readonly name: Hostname;
  readonly records: readonly AnswerRecord[];
  readonly ttlSeconds: number;
}

async function resolveTargets(service: Service, family: AddressFamily, ask: AskQuestion) {
  const targets = readServiceTargets(service.records);
  const hosts = [...new Set(targets.map(({ host }) => host))];
  const answers = await Promise.all(hosts.map((host) => ask(host, QUERY_TYPE[family], service.name)));
  const lookups = new Map(hosts.map((host, index) => [host, answers[index]?.lookup]));
  return { resolution: combineTargets(targets, lookups, service.ttlSeconds), answers };
}

function foundService({ answer }: AnsweredService): Found {
  switch (answer.lookup.kind) {
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
