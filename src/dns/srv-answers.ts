import type { Hostname } from '../model/hostname.ts';
import { ADDRESS_FAMILIES, type IpAddress } from '../model/ip-address.ts';
import { smallestTtl, withoutDot } from './answer.ts';
import { absenceOf, addressesOf, distinctAddresses, MAX_ADDRESSES, QUERY_TYPE } from './host-answers.ts';
import type { Lookup } from './lookup.ts';
import type { AnswerRecord } from './message.ts';
import type { Absence, MissingHost, Resolution, ResolvedAnswer } from './resolution.ts';

/** One usable SRV record (RFC 2782). */
export interface ServiceTarget {
  readonly host: Hostname;
  readonly port: number;
  readonly priority: number;
  /** Weight 0 beside larger weights of the same priority: the target takes no traffic. */
  readonly drained: boolean;
}

/** Empty if the service is not offered: the target is the root. */
export function readServiceTargets(records: readonly AnswerRecord[]): readonly ServiceTarget[] {
  const services = records.flatMap((record) => (record.type === 'SRV' ? [record] : []));
  const heavy = new Set(services.filter(({ weight }) => weight > 0).map(({ priority }) => priority));
  const targets = new Map<string, ServiceTarget>();
  for (const { target: host, port, priority, weight } of services) {
    if (host === undefined || port === 0) continue;
    const target = { host, port, priority, drained: weight === 0 && heavy.has(priority) };
    const key = `${host}:${port}`;
    const known = targets.get(key);
    if (known === undefined || compareServiceTargets(target, known) < 0) targets.set(key, target);
  }
  return [...targets.values()].sort(compareServiceTargets);
}

function compareServiceTargets(a: ServiceTarget, b: ServiceTarget): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  if (a.drained !== b.drained) return a.drained ? 1 : -1;
  if (a.host !== b.host) return a.host < b.host ? -1 : 1;
  return a.port - b.port;
}

/** The addresses of one target from an additional section. */
export interface GivenAddresses {
  readonly host: Hostname;
  readonly type: 'A' | 'AAAA';
  readonly lookup: Lookup;
}

/**
 * The addresses of targets in the SRV reply, which save a query. Only names in the service's own domain count: the
 * server of that domain has no authority over others.
 */
export function additionalAddresses(
  service: Hostname,
  answer: Extract<Lookup, { kind: 'records' }>,
): readonly GivenAddresses[] {
  const domain = withoutDot(service).replace(/^(_[^.]+\.)+/, '');
  const hosts = new Set(
    readServiceTargets(answer.records)
      .map(({ host }) => host)
      .filter((host) => host === domain || host.endsWith(`.${domain}`)),
  );
  const byOwner = Map.groupBy(answer.additionals, ({ owner }) => owner);
  return [...hosts].flatMap((host) =>
    ADDRESS_FAMILIES.flatMap((family) => {
      const type = QUERY_TYPE[family];
      const records = byOwner.get(host)?.filter((record) => record.type === type) ?? [];
      if (records.length === 0) return [];
      const ttlSeconds = smallestTtl(records);
      return [{ host, type, lookup: { kind: 'records', records, additionals: [], ttlSeconds } as const }];
    }),
  );
}

/**
 * Combines the targets and their addresses, better priorities first. A target without addresses is reported; the
 * others stay.
 */
export function combineTargets(
  targets: readonly ServiceTarget[],
  lookups: ReadonlyMap<Hostname, Lookup | undefined>,
  serviceTtlSeconds: number,
): Resolution {
  const answers: ResolvedAnswer[] = [];
  const missing = new Map<Hostname, MissingHost>();
  let ttlSeconds = serviceTtlSeconds;
  let count = 0;
  for (const target of targets) {
    const { host } = target;
    const lookup = lookups.get(host);
    if (lookup === undefined) continue;
    if (lookup.kind !== 'records') {
      missing.set(host, { host, absence: absenceOf(lookup) });
      continue;
    }
    ttlSeconds = Math.min(ttlSeconds, lookup.ttlSeconds);
    const room = MAX_ADDRESSES - answers.length;
    // Hundreds of targets with hundreds of addresses each are counted first, not sorted and collected.
    const addresses = room > 0 ? addressesOf(lookup) : distinctAddresses(lookup);
    count += addresses.length;
    answers.push(...addresses.slice(0, room).map((address) => answerAt(address, target)));
  }
  if (answers.length === 0) return nothingFound([...missing.values()], serviceTtlSeconds);
  return {
    outcome: 'resolved',
    answers,
    ttlSeconds,
    ...(count > answers.length ? { cutFrom: count } : {}),
    ...(missing.size > 0 ? { missing: [...missing.values()] } : {}),
  };
}

function answerAt(address: IpAddress, { host, port, priority, drained }: ServiceTarget): ResolvedAnswer {
  return { address, port, priority, host, ...(drained ? { drained } : {}) };
}

/** While one target's result is unknown, it is unknown whether there is nothing. */
function nothingFound(missing: readonly MissingHost[], serviceTtlSeconds: number): Absence {
  const absences = missing.map(({ absence }) => absence);
  const worst =
    absences.find(({ outcome }) => outcome === 'unresolved') ??
    absences.find(({ outcome }) => outcome === 'noData') ??
    absences[0];
  if (worst !== undefined) return worst;
  const message = 'the SRV record says that the service is not offered';
  return { outcome: 'noData', reason: 'NoData', message, ttlSeconds: serviceTtlSeconds };
}
