import { familyOf, type IpAddress, parseIpAddress } from '../model/ip-address.ts';

/** The first address of the range that `address` and a prefix of `prefix` bits name. */
export function networkAddress(address: IpAddress, prefix: number): IpAddress {
  const isIpv4 = familyOf(address) === 'IPv4';
  const hostBits = BigInt((isIpv4 ? 32 : 128) - prefix);
  const network = (toNumber(address) >> hostBits) << hostBits;
  const text = isIpv4 ? groups(network, 4, 8n, 10).join('.') : groups(network, 8, 16n, 16).join(':');
  const canonical = parseIpAddress(text);
  if (canonical === undefined) throw new Error(`${address}/${prefix} has no network address: ${text}`);
  return canonical;
}

function toNumber(address: IpAddress): bigint {
  const isIpv4 = familyOf(address) === 'IPv4';
  const parts = isIpv4 ? address.split('.').map(BigInt) : ipv6Groups(address);
  return parts.reduce((sum, part) => (sum << (isIpv4 ? 8n : 16n)) | part, 0n);
}

function ipv6Groups(address: string): bigint[] {
  const [head = '', tail = ''] = address.split('::');
  const read = (text: string): bigint[] =>
    text === '' ? [] : text.split(':').map((group) => BigInt(`0x${group}`));
  const before = read(head);
  const after = read(tail);
  return [...before, ...Array<bigint>(8 - before.length - after.length).fill(0n), ...after];
}

/** The number cut into `count` groups of `bits` bits, highest first, in the given base. */
function groups(value: bigint, count: number, bits: bigint, base: number): string[] {
  const mask = (1n << bits) - 1n;
  return Array.from({ length: count }, (_, at) =>
    ((value >> (bits * BigInt(count - 1 - at))) & mask).toString(base),
  );
}
