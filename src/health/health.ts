import type { IpAddress } from '../model/ip-address.ts';
import type { HealthCheckSettings } from '../model/target.ts';

/** One probe target. Checks with equal ids are probed once and share their verdict. */
export interface Check {
  /** Address, port, kind and every setting, in one string. */
  readonly id: CheckId;
  readonly address: IpAddress;
  readonly port: number;
  /** The name that resolved to the address: the default for SNI and the Host header. */
  readonly host?: string;
  readonly settings: HealthCheckSettings;
}

export type CheckId = string & { readonly __brand: 'CheckId' };

export type Verdict = 'unknown' | 'healthy' | 'unhealthy';

/** The health of one check. */
export interface Health {
  readonly verdict: Verdict;
  /** The reason of the last sample that agreed with the verdict. */
  readonly reason: HealthReason;
  /** The message of that sample, for people. */
  readonly message: string;
  /** The time from dialing to the end of the exchange, of that sample or of an earlier one with the same message. */
  readonly latencyMs?: number;
  /** Over TLS: the end of the certificate's validity, in milliseconds since the epoch. */
  readonly certificateValidUntilWallMs?: number;
  /**
   * How many samples in a row contradict the verdict; without a verdict, how many in a row agree with each other. It
   * does not grow while samples agree with the verdict, so an undisturbed check never changes.
   */
  readonly streak: number;
  /** The result of the samples in the streak; absent if the streak is 0. */
  readonly streakOf?: 'successes' | 'failures';
  /** When the verdict was formed, or without one when the check was added; `monotonicNow`. */
  readonly sinceMs: number;
  /** The newest sample if it failed: a healthy check with one may be about to become unhealthy. */
  readonly lastFailure?: FailedSample;
  /**
   * The unhealthy verdict, or the streak towards it, is based on a missing route (`speaksOf: 'route'`). It is not
   * trusted until another check shows that this worker has connectivity.
   */
  readonly vantageSuspect: boolean;
}

/** The reasons of successful samples. They appear in reports, logs, metrics and docs/reasons.md. */
export const HEALTHY_REASONS = [
  'Connected',
  'ResponseMatched',
  'TLSHandshakeSucceeded',
  'HTTPStatusExpected',
] as const;

/** The reasons of failed samples, in the order of the steps of a probe. */
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

/** The result of one probe. */
export type Sample = HealthySample | FailedSample;

export interface HealthySample {
  readonly healthy: true;
  readonly reason: HealthyReason;
  readonly message: string;
  readonly latencyMs: number;
  /** Over TLS: the end of the certificate's validity, in milliseconds since the epoch. */
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
 * What a failure concerns.
 *
 * - `backend`: it answered wrongly or not at all. Counts.
 * - `route`: this host has no route. The cause may be this host or a router (ICMP network unreachable also gives
 *   ENETUNREACH), so the failure counts, and a verdict that is based on it is marked.
 * - `worker`: this host could not try (EMFILE, EADDRNOTAVAIL, a process that does not run). It says nothing about the
 *   backend, so it never counts.
 */
export type Culprit = 'backend' | 'route' | 'worker';
