import { BlockList, isIP, SocketAddress } from 'node:net';

/**
 * An IP address in the only spelling that the Kubernetes API accepts everywhere: dotted decimal without leading zeros,
 * or RFC 5952 for IPv6 (`IP.go:97-130` in apimachinery's validation).
 */
export type IpAddress = string & { readonly __brand: 'IpAddress' };

/** EndpointSlice's `addressType`, and Service's `ipFamilies`. */
export type AddressFamily = 'IPv4' | 'IPv6';

export const ADDRESS_FAMILIES: readonly AddressFamily[] = ['IPv4', 'IPv6'];

/**
 * Reads an IP address into its canonical spelling; undefined: `text` is no IP address.
 *
 * The API rejects IPv4-mapped IPv6 (`::ffff:10.0.0.1`), so this becomes the IPv4 address that it means. Zone ids
 * (`fe80::1%eth0`) are rejected.
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  const version = text.includes('%') ? 0 : isIP(text);
  if (version === 0) return undefined;
  if (version === 4) return text as IpAddress;
  const canonical = canonicalIpv6(text);
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonical)?.[1];
  return (mapped ?? canonical) as IpAddress;
}

/** The address in `octets` from index `at` on: four octets for IPv4, or sixteen for IPv6. */
export function addressFromOctets(octets: Uint8Array, at: number, length: 4 | 16): IpAddress {
  const octet = (index: number) => octets[at + index] ?? 0;
  const spellIpv4 = (from: number) =>
    `${octet(from)}.${octet(from + 1)}.${octet(from + 2)}.${octet(from + 3)}` as IpAddress;
  if (length === 4) return spellIpv4(0);
  const group = (index: number) => octet(2 * index) * 256 + octet(2 * index + 1);
  const zeros = longestZeroRun(group);
  if (zeros.from === 0 && zeros.length === 5 && group(5) === 0xffff) return spellIpv4(12);
  let text = '';
  for (let index = 0; index < 8; index += 1) {
    if (index === zeros.from && zeros.length > 1) {
      text += '::';
      index += zeros.length - 1;
    } else {
      text += text === '' || text.endsWith(':') ? group(index).toString(16) : `:${group(index).toString(16)}`;
    }
  }
  return text as IpAddress;
}

/** The first one, if several are equally long (RFC 5952 §4.2.3). */
function longestZeroRun(group: (index: number) => number): { from: number; length: number } {
  const longest = { from: 0, length: 0 };
  let from = 0;
  for (let index = 0; index < 8; index += 1) {
    if (group(index) !== 0) from = index + 1;
    else if (index + 1 - from > longest.length) {
      longest.from = from;
      longest.length = index + 1 - from;
    }
  }
  return longest;
}

function canonicalIpv6(text: string): string {
  const canonical = new SocketAddress({ address: text, family: 'ipv6' }).address;
  // The C library writes the deprecated `::10.0.0.1` with dots; Go's netip, and so the API, does not.
  const compatible = /^::(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(canonical);
  if (compatible === null) return canonical;
  const [high, low] = [1, 3].map((at) => Number(compatible[at]) * 256 + Number(compatible[at + 1]));
  return `::${high?.toString(16)}:${low?.toString(16)}`;
}

export function familyOf(address: IpAddress): AddressFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** Numeric order within a family, IPv4 before IPv6. */
export function compareAddresses(a: IpAddress, b: IpAddress): number {
  const left = sortKey(a);
  const right = sortKey(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The order of {@link compareAddresses}, for many addresses: each is parsed only once. */
export function sortAddresses(addresses: readonly IpAddress[]): IpAddress[] {
  return addresses
    .map((address) => ({ address, key: sortKey(address) }))
    .sort((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ address }) => address);
}

function sortKey(address: IpAddress): string {
  if (familyOf(address) === 'IPv4') {
    return `4${address
      .split('.')
      .map((octet) => octet.padStart(3, '0'))
      .join('')}`;
  }
  const [head = '', tail] = address.split('::');
  const groupsBefore = head === '' ? [] : head.split(':');
  const groupsAfter = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = Array<string>(8 - groupsBefore.length - groupsAfter.length).fill('0');
  return `6${[...groupsBefore, ...missing, ...groupsAfter].map((group) => group.padStart(4, '0')).join('')}`;
}

/** An address range such as `10.0.0.0/8`. Build one with {@link parseCidr}. */
export interface Cidr {
  readonly text: string;
  contains(address: IpAddress): boolean;
}

/** Reads `ADDRESS/PREFIX`; undefined: `text` is something else. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const network = match?.[1] === undefined ? undefined : parseIpAddress(match[1]);
  if (network === undefined || match?.[1]?.includes('.') === match?.[1]?.includes(':')) return undefined;
  const prefix = Number(match?.[2]);
  const family = familyOf(network);
  if (prefix > (family === 'IPv4' ? 32 : 128)) return undefined;
  const list = new BlockList();
  list.addSubnet(network, prefix, family === 'IPv4' ? 'ipv4' : 'ipv6');
  return {
    text,
    contains: (address) =>
      familyOf(address) === family && list.check(address, family === 'IPv4' ? 'ipv4' : 'ipv6'),
  };
}
