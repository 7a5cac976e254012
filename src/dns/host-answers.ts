import { type AddressFamily, compareAddresses, type IpAddress } from '../target/ip-address.ts';
import type { Lookup } from './lookup.ts';
import type { Absence, Resolution, Resolved, ResolvedAnswer } from './resolution.ts';

/** Addresses of one name that are taken; a name with more is told of. */
export const MAX_ADDRESSES = 1_000;

export const QUERY_TYPE: Readonly<Record<AddressFamily, 'A' | 'AAAA'>> = { IPv4: 'A', IPv6: 'AAAA' };

/** The addresses of a host in one family, in numeric order: servers shuffle theirs, and nothing is to depend on that. */
export function resolutionOf(lookup: Lookup): Resolution {
  if (lookup.kind !== 'records') return absenceOf(lookup);
  const answers = addressesOf(lookup).map((address) => ({ address }));
  return resolved(answers, lookup.ttlSeconds);
}

export function addressesOf(lookup: Extract<Lookup, { kind: 'records' }>): readonly IpAddress[] {
  const addresses: IpAddress[] = [];
  for (const record of lookup.records) if ('address' in record) addresses.push(record.address);
  return addresses.length < 2 ? addresses : [...new Set(addresses)].sort(compareAddresses);
}

/** `answers` in the order in which they are dear: those behind the bound are cut. */
export function resolved(answers: readonly ResolvedAnswer[], ttlSeconds: number): Resolved {
  return answers.length <= MAX_ADDRESSES
    ? { outcome: 'resolved', answers, ttlSeconds }
    : {
        outcome: 'resolved',
        answers: answers.slice(0, MAX_ADDRESSES),
        ttlSeconds,
        cutFrom: answers.length,
      };
}

export function absenceOf(lookup: Exclude<Lookup, { kind: 'records' }>): Absence {
  const { message } = lookup;
  switch (lookup.kind) {
    case 'noData':
      return { outcome: 'noData', reason: 'NoData', message, ttlSeconds: lookup.ttlSeconds };
    case 'nameNotFound':
      return { outcome: 'nameNotFound', reason: 'NameNotFound', message, ttlSeconds: lookup.ttlSeconds };
    case 'unresolved':
      return { outcome: 'unresolved', reason: lookup.reason, message };
  }
}
