import type { Hostname } from '../model/hostname.ts';
import type { AddressFamily, IpAddress } from '../model/ip-address.ts';

/**
 * What asking for one name and one address family came to. Expected outcomes are values: a name that
 * does not resolve is part of the job.
 */
export type Resolution =
  | {
      readonly outcome: 'resolved';
      readonly answers: readonly ResolvedAnswer[];
      /** The smallest TTL along the CNAME chain, as the server gave it; `minTTL`/`maxTTL` come on top. */
      readonly ttlSeconds: number;
      /** Present when the answer held more addresses than are taken (1,000): how many there were. */
      readonly cutFrom?: number;
      /** From SRV: targets that gave no address of this family, and why. Their siblings are not affected. */
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
      /** Nobody knows: this may never take an address away (invariant 2). */
      readonly outcome: 'unresolved';
      readonly reason: UnresolvedReason;
      readonly message: string;
    };

/** Why nobody knows; what tells most about the name comes first. */
export const UNRESOLVED_REASONS = [
  'ServerFailure',
  'QueryRefused',
  /** More than a UDP reply holds, and TCP gave no whole one either. */
  'TruncatedAnswer',
  'MalformedAnswer',
  'QueryTimeout',
  'ServerUnreachable',
  'ChainTooLong',
  'NoServers',
  /** The queue of queries is full: said of this process, not of the name. */
  'TooManyQueries',
] as const;

export type UnresolvedReason = (typeof UNRESOLVED_REASONS)[number];

export type Resolved = Extract<Resolution, { readonly outcome: 'resolved' }>;

export type Absence = Exclude<Resolution, Resolved>;

export interface MissingHost {
  readonly host: Hostname;
  readonly absence: Absence;
}

/** One address that a name stands for. */
export interface ResolvedAnswer {
  readonly address: IpAddress;
  /** From SRV: the port to use instead of the target's `targetPort`. */
  readonly port?: number;
  /** From SRV: the record's priority; lower is better. */
  readonly priority?: number;
  /** From SRV: weight 0 among heavier siblings takes no traffic. */
  readonly drained?: boolean;
  /** From SRV: the target that the address belongs to; two targets may share one. */
  readonly host?: Hostname;
}

/** Both families of one name, each with an outcome of its own: A may be good while AAAA fails. */
export type NameResolution = Readonly<Record<AddressFamily, Resolution>>;
