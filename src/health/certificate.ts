import type { TlsSettings } from '../target/target.ts';
import type { TlsPeer } from './dialer.ts';
import type { FailureReason } from './health.ts';
import { failed, type ProbeOutcome } from './outcome.ts';

/** The moment to judge validity at, and whether the clock that says so may be believed. */
export interface WallTime {
  readonly nowMs: number;
  readonly trusted: boolean;
}

/** What is wrong with a peer's certificate by the settings; undefined when nothing is. */
export function certificateProblem(
  peer: TlsPeer,
  settings: TlsSettings,
  at: WallTime,
): ProbeOutcome | undefined {
  const { validUntilWallMs, problem } = peer;
  if (validUntilWallMs !== undefined && (settings.verify || settings.minValidityMs > 0)) {
    const until = `the certificate is valid until ${dateOf(validUntilWallMs)}`;
    if (validUntilWallMs <= at.nowMs) return dated('CertificateExpired', until, at);
    if (validUntilWallMs - at.nowMs < settings.minValidityMs)
      return dated('CertificateExpiresSoon', until, at);
  }
  if (!settings.verify || problem === undefined) return undefined;
  const reason = REASONS[problem.code] ?? 'CertificateUntrusted';
  // Only what depends on the time of day is open to doubt when the clock is.
  return DATED.has(reason) ? dated(reason, problem.message, at) : failed(reason, problem.message);
}

/** To the day, so that the text of a healthy check stays the same from probe to probe. */
export function dateOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}

/** OpenSSL's verification codes (x509_vfy.h) in Node's spelling, and Node's own for a wrong name. */
const REASONS: Readonly<Record<string, FailureReason>> = {
  CERT_HAS_EXPIRED: 'CertificateExpired',
  CERT_NOT_YET_VALID: 'CertificateNotYetValid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'CertificateNameMismatch',
};

const DATED: ReadonlySet<FailureReason> = new Set(['CertificateExpired', 'CertificateNotYetValid']);

function dated(reason: FailureReason, message: string, { trusted }: WallTime): ProbeOutcome {
  if (trusted) return failed(reason, message);
  return failed(reason, `${message}, by a clock that has just been set; this does not count yet`, 'worker');
}
