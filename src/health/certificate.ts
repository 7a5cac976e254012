import type { TlsSettings } from '../model/target.ts';
import type { TlsPeer } from './dialer.ts';
import type { FailureReason } from './health.ts';
import { failed, type ProbeOutcome } from './outcome.ts';

/** The time for which validity is checked, and whether the clock can be trusted. */
export interface WallTime {
  readonly nowMs: number;
  readonly trusted: boolean;
}

/** What is wrong with a peer's certificate under these settings; undefined if nothing is. */
export function certificateProblem(
  peer: TlsPeer,
  settings: TlsSettings,
  at: WallTime,
): ProbeOutcome | undefined {
  const { validUntilWallMs, problem } = peer;
  if (validUntilWallMs !== undefined && (settings.verify || settings.minValidityMs > 0)) {
    const date = dateOf(validUntilWallMs);
    if (validUntilWallMs <= at.nowMs) {
      return dated('CertificateExpired', `the certificate was valid until ${date}`, at);
    }
    if (validUntilWallMs - at.nowMs < settings.minValidityMs) {
      return dated('CertificateExpiresSoon', `the certificate is valid until ${date} only`, at);
    }
  }
  if (!settings.verify || problem === undefined) return undefined;
  const reason = REASONS[problem.code] ?? 'CertificateUntrusted';
  // Only results that depend on the time are in doubt when the clock is.
  const message = WORDS[problem.code] ?? problem.message;
  return DATED.has(reason) ? dated(reason, message, at) : failed(reason, message);
}

/** To the day, so that the text of a healthy check stays the same in all probes. */
export function dateOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}

/** OpenSSL's verification codes (x509_vfy.h) in Node's spelling, and Node's own code for a wrong name. */
const REASONS: Readonly<Record<string, FailureReason>> = {
  CERT_HAS_EXPIRED: 'CertificateExpired',
  CERT_NOT_YET_VALID: 'CertificateNotYetValid',
  ERR_TLS_CERT_ALTNAME_INVALID: 'CertificateNameMismatch',
};

const WORDS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'the certificate is valid, but one above it has expired',
  CERT_NOT_YET_VALID: 'the certificate, or one above it, is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed, and is not in the CA file',
  SELF_SIGNED_CERT_IN_CHAIN: 'the authority at the end of its chain is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'a certificate above it is missing, or its authority is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'a certificate above it is missing, or its authority is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate above it is missing, or is not trusted',
};

const DATED: ReadonlySet<FailureReason> = new Set(['CertificateExpired', 'CertificateNotYetValid']);

function dated(reason: FailureReason, message: string, { trusted }: WallTime): ProbeOutcome {
  if (trusted) return failed(reason, message);
  return failed(reason, `${message}; the clock has just been set, so this does not count yet`, 'worker');
}
