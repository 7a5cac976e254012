import { type Hostname, isHostname, parseHostname } from '../model/hostname.ts';
import { type IpAddress, parseIpAddress } from '../model/ip-address.ts';

/** The addresses of each name in a hosts file, in the file's order. */
export type HostsTable = ReadonlyMap<Hostname, readonly IpAddress[]>;

/** The hosts file of an ad blocker has a few hundred thousand lines. A file that names backends has few. */
const MAX_NAMES = 100_000;

/** Reads a hosts(5) file: an address, then its names; `#` starts a comment. Skips invalid lines. */
export function parseHostsFile(text: string): HostsTable {
  const table = new Map<Hostname, IpAddress[]>();
  for (const line of text.split(/\r?\n/)) {
    const [first = '', ...names] = line
      .replace(/#.*$/, '')
      .split(/\s+/)
      .filter((word) => word !== '');
    const address = parseIpAddress(first);
    if (address === undefined) continue;
    for (const name of names.map(parseHostname).filter(isHostname)) {
      const addresses = table.get(name);
      if (addresses === undefined && table.size < MAX_NAMES) table.set(name, [address]);
      else if (addresses !== undefined && !addresses.includes(address)) addresses.push(address);
    }
  }
  return table;
}
