import type { AddressFamily, IpAddress } from '../target/ip-address.ts';

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

export type UnresolvedReason =
  | 'ServerFailure'
  | 'QueryRefused'
  | 'QueryTimeout'
  | 'MalformedAnswer'
  | 'ServerUnreachable'
  | 'ChainTooLong'
  | 'NoServers';

/** One address that a name stands for. */
export interface ResolvedAnswer {
  readonly address: IpAddress;
  /** From SRV: the port to use instead of the target's `targetPort`. */
  readonly port?: number;
  /** From SRV: the record's priority; lower is better. */
  readonly priority?: number;
  /** From SRV: weight 0 among heavier siblings takes no traffic. */
  readonly drained?: boolean;
}

/** Both families of one name, each with an outcome of its own: A may be good while AAAA fails. */
export type NameResolution = Readonly<Record<AddressFamily, Resolution>>;
