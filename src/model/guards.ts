import type { Cidr, IpAddress } from './ip-address.ts';

/** The limits over all targets of a list. */
export interface Guards {
  /** The share of all published addresses that may turn not ready within ten minutes; 100: no limit. */
  readonly maxDrainPercent: number;
  /** The share of owned Services that one list may delete; 100: no limit. */
  readonly maxDeletesPercent: number;
  /** Empty: every address that is not denied. */
  readonly allowedCidrs: readonly Cidr[];
  /** In addition to the addresses that {@link refusalOf} always denies. */
  readonly deniedCidrs: readonly Cidr[];
  /** The cluster's ranges for cluster IPs, read from the cluster. Empty: unknown. Absent: there is no cluster. */
  readonly serviceCidrs?: readonly Cidr[];
}

export const DEFAULT_GUARDS: Guards = {
  maxDrainPercent: 50,
  maxDeletesPercent: 30,
  allowedCidrs: [],
  deniedCidrs: [],
};

export type AddressRefusalReason =
  | 'LoopbackAddress'
  | 'UnspecifiedAddress'
  | 'LinkLocalAddress'
  | 'LinkLocalMulticastAddress'
  | 'MulticastAddress'
  | 'ClusterServiceAddress'
  | 'AddressDenied'
  | 'AddressNotAllowed';

/** Why an address may not be published. */
export interface AddressRefusal {
  readonly reason: AddressRefusalReason;
  /** The rule in words, to be read after "the address is refused:". */
  readonly message: string;
}

/**
 * Addresses that the API rejects in Endpoints and EndpointSlices (`ValidateEndpointIP`, `pkg/apis/core/validation`). An
 * IpAddress has one spelling, so text patterns are exact. The last pattern is Go's `IsLinkLocalMulticast`.
 */
const ALWAYS_DENIED: readonly (AddressRefusal & { readonly pattern: RegExp })[] = [
  {
    reason: 'LoopbackAddress',
    message: 'it is in the loopback range (127.0.0.0/8, ::1/128)',
    pattern: /^(127\.|::1$)/,
  },
  {
    reason: 'UnspecifiedAddress',
    message: 'it is the unspecified address (0.0.0.0, ::)',
    pattern: /^(0\.0\.0\.0|::)$/,
  },
  {
    reason: 'LinkLocalAddress',
    message: 'it is in the link-local range (169.254.0.0/16, fe80::/10)',
    pattern: /^(169\.254\.|fe[89ab][0-9a-f]:)/,
  },
  {
    reason: 'LinkLocalMulticastAddress',
    message: 'it is in the link-local multicast range (224.0.0.0/24, ff02::/16)',
    pattern: /^(224\.0\.0\.|ff[0-9a-f]2:)/,
  },
];

/** Why the Kubernetes API rejects the address, whatever the guards say; undefined: it accepts the address. */
export function apiRefusalOf(address: IpAddress): AddressRefusal | undefined {
  const rule = ALWAYS_DENIED.find(({ pattern }) => pattern.test(address));
  return rule === undefined ? undefined : { reason: rule.reason, message: rule.message };
}

/** The API accepts these addresses, but nothing can connect to them. */
const MULTICAST = /^(22[4-9]\.|23\d\.|ff[0-9a-f]{2}:)/;

/** Why these guards forbid the address; undefined: they allow it. A denied range wins over an allowed one. */
export function refusalOf(address: IpAddress, guards: Guards): AddressRefusal | undefined {
  const refused = apiRefusalOf(address);
  if (refused !== undefined) return refused;
  if (MULTICAST.test(address)) {
    return { reason: 'MulticastAddress', message: 'it is a multicast address (224.0.0.0/4, ff00::/8)' };
  }
  const own = guards.serviceCidrs?.find((range) => range.contains(address));
  if (own !== undefined) {
    const message = `it is in ${own.text}, a range of the cluster's own Services`;
    return { reason: 'ClusterServiceAddress', message };
  }
  const denied = guards.deniedCidrs.find((range) => range.contains(address));
  if (denied !== undefined) {
    return { reason: 'AddressDenied', message: `guards.deniedCIDRs has ${denied.text}` };
  }
  if (guards.allowedCidrs.length === 0 || guards.allowedCidrs.some((range) => range.contains(address))) {
    return undefined;
  }
  const allowed = guards.allowedCidrs.map((range) => range.text).join(', ');
  return { reason: 'AddressNotAllowed', message: `it is in none of guards.allowedCIDRs (${allowed})` };
}
