import type { Hostname } from '../model/hostname.ts';
import type { AddressFamily, IpAddress } from '../model/ip-address.ts';

/**
 * The result for one name and one address family. Expected results are values: a name that does not resolve is
 * normal.
 */
export type Resolution =
  | {
      readonly outcome: 'resolved';
      readonly answers: readonly ResolvedAnswer[];
      /** The smallest TTL of the CNAME chain as the server gave it, before `minTTL` and `maxTTL`. */
      readonly ttlSeconds: number;
      /** Present if the answer held more addresses than the limit (1,000): how many there were. */
      readonly cutFrom?: number;
      /** From SRV: targets without an address of this family, and why. The other targets are not affected. */
      readonly missing?: readonly MissingHost[];
    }
  | {
      /** NODATA: the name exists and has no record of this family (RFC 2308 §2.2). */
      readonly outcome: 'noData';
      readonly reason: 'NoData';
      readonly message: string;
      readonly ttlSeconds: number;
    }
  | {
      /** NXDOMAIN: the name does not exist (RFC 2308 §2.1). */
      readonly outcome: 'nameNotFound';
      readonly reason: 'NameNotFound';
      readonly message: string;
      readonly ttlSeconds: number;
    }
  | {
      /** The result is unknown. It must never remove an address (invariant 2). */
      readonly outcome: 'unresolved';
      readonly reason: UnresolvedReason;
      readonly message: string;
    };

/** Why the result is unknown; the reasons that say most about the name come first. */
export const UNRESOLVED_REASONS = [
  'ServerFailure',
  'QueryRefused',
  /** The reply was too large for UDP, and TCP gave no complete one. */
  'TruncatedAnswer',
  'MalformedAnswer',
  'QueryTimeout',
  'ServerUnreachable',
  'ChainTooLong',
  'NoServers',
  /** The queue of queries is full. This concerns this process, not the name. */
  'TooManyQueries',
] as const;

export type UnresolvedReason = (typeof UNRESOLVED_REASONS)[number];

export type Resolved = Extract<Resolution, { readonly outcome: 'resolved' }>;

export type Absence = Exclude<Resolution, Resolved>;

export interface MissingHost {
  readonly host: Hostname;
  readonly absence: Absence;
}

/** One address of a name. */
export interface ResolvedAnswer {
  readonly address: IpAddress;
  /** From SRV: the port to use instead of the target's `targetPort`. */
  readonly port?: number;
  /** From SRV: the record's priority; lower is better. */
  readonly priority?: number;
  /** From SRV: weight 0 beside larger weights takes no traffic. */
  readonly drained?: boolean;
  /** From SRV: the target of the address. Two targets may share an address. */
  readonly host?: Hostname;
}

/** Both families of one name, each with its own result: A may succeed while AAAA fails. */
export type NameResolution = Readonly<Record<AddressFamily, Resolution>>;
