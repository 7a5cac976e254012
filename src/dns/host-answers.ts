import { type AddressFamily, type IpAddress, sortAddresses } from '../model/ip-address.ts';
import type { Lookup } from './lookup.ts';
import type { Absence, Resolution, ResolvedAnswer } from './resolution.ts';

/** The limit of addresses of one name. More are reported. */
export const MAX_ADDRESSES = 1_000;

export const QUERY_TYPE: Readonly<Record<AddressFamily, 'A' | 'AAAA'>> = { IPv4: 'A', IPv6: 'AAAA' };

/**
 * The addresses of a host in one family, in numeric order. Servers shuffle them, and nothing may depend on their
 * order.
 */
export function resolutionOf(lookup: Lookup): Resolution {
  if (lookup.kind !== 'records') return absenceOf(lookup);
  const { ttlSeconds } = lookup;
  const addresses = addressesOf(lookup);
  if (addresses.length <= MAX_ADDRESSES)
    return { outcome: 'resolved', answers: addresses.map(answerOf), ttlSeconds };
  const answers = addresses.slice(0, MAX_ADDRESSES).map(answerOf);
  return { outcome: 'resolved', answers, ttlSeconds, cutFrom: addresses.length };
}

function answerOf(address: IpAddress): ResolvedAnswer {
  return { address };
}

/** In numeric order. */
export function addressesOf(lookup: Records): readonly IpAddress[] {
  const addresses = distinctAddresses(lookup);
  return addresses.length < 2 ? addresses : sortAddresses(addresses);
}

export function distinctAddresses({ records }: Records): IpAddress[] {
  const addresses: IpAddress[] = [];
  for (const record of records) if ('address' in record) addresses.push(record.address);
  return addresses.length < 2 ? addresses : [...new Set(addresses)];
}

type Records = Extract<Lookup, { kind: 'records' }>;

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
