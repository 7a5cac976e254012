import { type AddressFamily, type Cidr, parseCidr } from '../../../model/ip-address.ts';

/** A range of cluster IPs. */
export interface AddressRange {
  readonly family: AddressFamily;
  readonly cidr: Cidr;
  /** The number of usable addresses, at most 2^20 for IPv4 and 2^16 for IPv6. */
  readonly size: number;
  addressAt(offset: number): string;
}

/** @param text `10.96.0.0/12`, or an IPv6 range whose network ends in `::`. */
export function addressRange(text: string): AddressRange {
  const cidr = parseCidr(text);
  const [base = '', prefix = ''] = text.split('/');
  const isIpv6 = base.includes(':');
  if (cidr === undefined || (isIpv6 && !base.endsWith('::')))
    throw new Error(`not a range for Services: ${text}`);
  if (isIpv6) {
    const addressAt = (offset: number) => (offset === 0 ? base : `${base}${offset.toString(16)}`);
    return { family: 'IPv6', cidr, size: Math.min(2 ** 16, 2 ** (128 - Number(prefix))), addressAt };
  }
  const first = base.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const addressAt = (offset: number) =>
    [24, 16, 8, 0].map((shift) => ((first + offset) >>> shift) & 255).join('.');
  return { family: 'IPv4', cidr, size: Math.min(2 ** 20, 2 ** (32 - Number(prefix))), addressAt };
}
