import type { Hostname } from '../model/hostname.ts';
import { familyOf } from '../model/ip-address.ts';
import { withoutDot } from './answer.ts';
import type { HostsTable } from './hosts-file.ts';
import type { Lookup } from './lookup.ts';
import type { AddressRecord, QueryType } from './message.ts';

/** Answers without a server: names of the hosts file, and IPv6 addresses under resolv.conf's `no-aaaa`. */
export function localLookup(
  name: Hostname,
  type: QueryType,
  hosts: HostsTable | undefined,
  ipv6: boolean,
): Lookup | undefined {
  if (type === 'SRV') return undefined;
  const addresses = hosts?.get(withoutDot(name) as Hostname);
  if (addresses !== undefined) {
    const family = type === 'A' ? 'IPv4' : 'IPv6';
    const records = addresses
      .filter((address) => familyOf(address) === family)
      .map((address): AddressRecord => ({ type, owner: name, address, ttlSeconds: 0 }));
    return records.length > 0
      ? { kind: 'records', records, additionals: [], ttlSeconds: 0 }
      : { kind: 'noData', ttlSeconds: 0, message: `the hosts file gives ${name} no ${family} address` };
  }
  if (type === 'AAAA' && !ipv6) {
    return { kind: 'noData', ttlSeconds: 0, message: 'resolv.conf says not to ask for IPv6 addresses' };
  }
  return undefined;
}
