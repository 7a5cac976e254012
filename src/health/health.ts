import type { IpAddress } from '../target/ip-address.ts';
import type { HealthCheckSettings } from '../target/target.ts';

/** One thing to probe. Checks with equal ids are probed once and share their verdict. */
export interface Check {
  /** Address, port, kind and all settings that change what is measured, in one string. */
  readonly id: CheckId;
  readonly address: IpAddress;
  readonly port: number;
  readonly settings: HealthCheckSettings;
}

export type CheckId = string & { readonly __brand: 'CheckId' };

export type Verdict = 'unknown' | 'healthy' | 'unhealthy';

/** What is known of one check. */
export interface Health {
  readonly verdict: Verdict;
  readonly reason: HealthReason;
  /** The last sample's words, for people. */
  readonly message: string;
  readonly latencyMs?: number;
  /** How many samples in a row spoke against the verdict (or, while it is unknown, alike). */
  readonly streak: number;
  /** `monotonicNow` when the verdict was formed. */
  readonly sinceMs: number;
  /** True when the last failure speaks of this host rather than of the backend (ENETUNREACH, EMFILE …). */
  readonly vantageSuspect: boolean;
}

export type HealthReason =
  | 'Connected'
  | 'NotChecked'
  | 'NotCheckedYet'
  | 'ConnectionRefused'
  | 'ConnectionReset'
  | 'ConnectTimeout'
  | 'HostUnreachable'
  | 'NetworkUnreachable'
  | 'LocalResourcesExhausted'
  | 'ConnectFailed';

/** One probe's result. */
export type Sample =
  | { readonly healthy: true; readonly latencyMs: number; readonly message: string }
  | {
      readonly healthy: false;
      readonly reason: HealthReason;
      readonly message: string;
      readonly latencyMs: number;
      readonly vantageSuspect: boolean;
    };
