import type { Cidr, IpAddress } from './ip-address.ts';

/** The bounds that hold over all targets of a list. */
export interface Guards {
  /** The share of all published addresses that one decision may turn unready. 100 is no bound. */
  readonly maxDrainPercent: number;
  /** The share of owned Services that one list may delete. 100 is no bound. */
  readonly maxDeletesPercent: number;
  /** Empty: every address that is not denied. */
  readonly allowedCidrs: readonly Cidr[];
  /** Besides what {@link refusalOf} denies always. */
  readonly deniedCidrs: readonly Cidr[];
  /** Ranges that the cluster takes its own Services' addresses from. Not of the list: empty where it does not tell, absent without a cluster. */
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
 * What the API refuses in Endpoints and EndpointSlices (`ValidateEndpointIP`, `pkg/apis/core/validation`).
 * An IpAddress has one spelling, so that text patterns are exact; the last is Go's `IsLinkLocalMulticast`.
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

/** Why the Kubernetes API would not take the address, whatever the guards say; undefined when it would. */
export function apiRefusalOf(address: IpAddress): AddressRefusal | undefined {
  const rule = ALWAYS_DENIED.find(({ pattern }) => pattern.test(address));
  return rule === undefined ? undefined : { reason: rule.reason, message: rule.message };
}

/** The API takes these, but no connection can be made to one. */
const MULTICAST = /^(22[4-9]\.|23\d\.|ff[0-9a-f]{2}:)/;

/** Why the address must not be published under these guards; undefined when it may. Deny wins over allow. */
export function refusalOf(address: IpAddress, guards: Guards): AddressRefusal | undefined {
  const refused = apiRefusalOf(address);
  if (refused !== undefined) return refused;
  if (MULTICAST.test(address)) {
    return { reason: 'MulticastAddress', message: 'it is a multicast address (224.0.0.0/4, ff00::/8)' };
  }
  const own = guards.serviceCidrs?.find((range) => range.contains(address));
  if (own !== undefined) {
    const message = `it is in ${own.text}, from which the cluster takes the addresses of its own Services`;
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
