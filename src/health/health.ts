import type { IpAddress } from '../model/ip-address.ts';
import type { HealthCheckSettings } from '../model/target.ts';

/** One thing to probe. Checks with equal ids are probed once and share their verdict. */
export interface Check {
  /** Address, port, kind and every setting, in one string. */
  readonly id: CheckId;
  readonly address: IpAddress;
  readonly port: number;
  /** The name that the address came from: what SNI and the Host header say by default. */
  readonly host?: string;
  readonly settings: HealthCheckSettings;
}

export type CheckId = string & { readonly __brand: 'CheckId' };

export type Verdict = 'unknown' | 'healthy' | 'unhealthy';

/** What is known of one check. */
export interface Health {
  readonly verdict: Verdict;
  /** Why the verdict is what it is: the reason of the last sample that spoke for it. */
  readonly reason: HealthReason;
  /** That sample's words, for people. */
  readonly message: string;
  /** From dialing to the end of the exchange, of that sample or of an earlier one with the same words. */
  readonly latencyMs?: number;
  /** Over TLS: until when the certificate that it saw is valid, in milliseconds since the epoch. */
  readonly certificateValidUntilWallMs?: number;
  /**
   * How many samples in a row spoke against the verdict; while there is none, how many were alike. It
   * does not grow while samples agree with the verdict, so that an undisturbed check never changes.
   */
  readonly streak: number;
  /** What the samples of the streak were; absent when the streak is 0. */
  readonly streakOf?: 'successes' | 'failures';
  /** `monotonicNow` when the verdict was formed, or when the check became known while there is none. */
  readonly sinceMs: number;
  /** The newest sample when it failed: a healthy check has one when it may be about to fall. */
  readonly lastFailure?: FailedSample;
  /**
   * The verdict of unhealthy, or the streak on the way to it, rests on a failure to find a route
   * (`speaksOf: 'route'`): it is not to be trusted while nothing else shows that this worker can see.
   */
  readonly vantageSuspect: boolean;
}

/** What a successful sample says. The strings appear in reports, logs, metrics and docs/reasons.md. */
export const HEALTHY_REASONS = [
  'Connected',
  'ResponseMatched',
  'TLSHandshakeSucceeded',
  'HTTPStatusExpected',
] as const;

/** What a failed one says, in the order in which a probe comes to it. */
export const FAILURE_REASONS = [
  'ConnectionRefused',
  'ConnectTimeout',
  'HostUnreachable',
  'NetworkUnreachable',
  'ConnectNotPermitted',
  'LocalResourcesExhausted',
  'ConnectFailed',
  'CAFileUnreadable',
  'TLSHandshakeFailed',
  'TLSHandshakeTimeout',
  'CertificateExpired',
  'CertificateNotYetValid',
  'CertificateExpiresSoon',
  'CertificateUntrusted',
  'CertificateNameMismatch',
  'ResponseTimeout',
  'ConnectionClosed',
  'ConnectionReset',
  'UnexpectedResponse',
  'HTTPStatus',
  'ProbeStalled',
] as const;

export type HealthyReason = (typeof HEALTHY_REASONS)[number];
export type FailureReason = (typeof FAILURE_REASONS)[number];
export type HealthReason = HealthyReason | FailureReason | 'NotCheckedYet';

/** One probe's result. */
export type Sample = HealthySample | FailedSample;

export interface HealthySample {
  readonly healthy: true;
  readonly reason: HealthyReason;
  readonly message: string;
  readonly latencyMs: number;
  /** Over TLS: until when the certificate is valid, in milliseconds since the epoch. */
  readonly certificateValidUntilWallMs?: number;
}

export interface FailedSample {
  readonly healthy: false;
  readonly reason: FailureReason;
  readonly message: string;
  readonly latencyMs: number;
  readonly certificateValidUntilWallMs?: number;
  readonly speaksOf: Culprit;
}

/**
 * Whom a failure speaks of.
 *
 * - `backend`: it answered wrongly or not at all. Counts.
 * - `route`: this host has no way there. That may be its own doing or a router's (ICMP network
 *   unreachable shows as ENETUNREACH too), so it counts, and what rests on it is marked.
 * - `worker`: this host could not even try (EMFILE, EADDRNOTAVAIL, a stalled process). Says nothing of
 *   the backend, so it never counts.
 */
export type Culprit = 'backend' | 'route' | 'worker';
