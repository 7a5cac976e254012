import { BlockList, isIP } from 'node:net';
import { type IpAddress, parseIpAddress } from '../../../model/ip-address.ts';
import { type FieldError, invalid } from '../field-error.ts';

/** Addresses that no endpoint may have (ValidateEndpointIP), with the message for each. */
const REFUSED: readonly (readonly [ranges: readonly string[], detail: string])[] = [
  [['0.0.0.0/32', '::/128'], 'may not be unspecified (0.0.0.0)'],
  [['127.0.0.0/8', '::1/128'], 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [['169.254.0.0/16', 'fe80::/10'], 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [
    ['224.0.0.0/24', 'ff02::/16', 'ff12::/16'],
    'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
  ],
];

const REFUSED_LISTS = REFUSED.map(([ranges, detail]) => {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', prefix] = range.split('/');
    list.addSubnet(network, Number(prefix), network.includes(':') ? 'ipv6' : 'ipv4');
  }
  return { list, detail };
});

/** The problems of an IP address under the strict rules of Kubernetes 1.36; empty for a valid one. */
export function ipProblems(field: string, text: string): FieldError[] {
  if (isIP(text) !== 0 && !text.includes('%')) {
    if (/^::ffff:/i.test(text) && text.includes('.')) {
      return [invalid(field, text, 'must not be an IPv4-mapped IPv6 address')];
    }
    return [];
  }
  if (/^\d+(\.\d+){3}$/.test(text) && isIP(text.replaceAll(/\b0+(?=\d)/g, '')) === 4) {
    return [invalid(field, text, 'must not have leading 0s')];
  }
  return [invalid(field, text, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')];
}

/** Why a valid address must not be an endpoint. */
export function endpointIpProblems(field: string, text: string): FieldError[] {
  const version = isIP(text);
  if (version === 0) return [invalid(field, text, 'must be a valid IP address')];
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const found = REFUSED_LISTS.find(({ list }) => list.check(text, family));
  return found === undefined ? [] : [invalid(field, text, found.detail)];
}

/** The RFC 5952 form of a valid address. */
export function canonicalIp(text: string): string {
  return (parseIpAddress(text) as IpAddress | undefined) ?? text;
}

/** Warnings for an accepted address that is not in its canonical form. */
export function ipWarnings(field: string, text: string): string[] {
  if (isIP(text) !== 6 || canonicalIp(text) === text) return [];
  return [`${field}: IPv6 address "${text}" should be in RFC 5952 canonical format ("${canonicalIp(text)}")`];
}
