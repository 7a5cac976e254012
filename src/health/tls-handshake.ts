import type { HealthCheckKind, TlsSettings } from '../model/target.ts';
import { certificateProblem, dateOf, type WallTime } from './certificate.ts';
import type { Connection } from './dialer.ts';
import type { Check } from './health.ts';
import { failed, type ProbeOutcome, type ProbeProgress, succeeded } from './outcome.ts';

/** Starts TLS on the connection and checks the certificate. A failure ends the probe. */
export async function secure(
  connection: Connection,
  settings: TlsSettings,
  serverName: string | undefined,
  progress: ProbeProgress,
  wallTime: () => WallTime,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  progress.awaiting = 'handshake';
  const result = await connection.startTls(
    {
      ...(serverName === undefined ? {} : { serverName }),
      ...(settings.caFile === undefined ? {} : { caFile: settings.caFile }),
    },
    signal,
  );
  if (!result.secured) {
    const { because, fault } = result;
    if (because === 'caFile') return failed('CAFileUnreadable', fault.message, 'worker');
    return failed(
      'TLSHandshakeFailed',
      NOT_TLS.has(fault.code) ? `not TLS: ${fault.message}` : fault.message,
    );
  }
  const { peer } = result;
  const problem = certificateProblem(peer, settings, wallTime());
  if (peer.validUntilWallMs === undefined) {
    return problem ?? succeeded('TLSHandshakeSucceeded', 'TLS without a certificate');
  }
  const outcome =
    problem ??
    succeeded('TLSHandshakeSucceeded', `the certificate is valid until ${dateOf(peer.validUntilWallMs)}`);
  return { ...outcome, certificateValidUntilWallMs: peer.validUntilWallMs };
}

/** OpenSSL's errors for bytes that are no TLS record. */
const NOT_TLS: ReadonlySet<string> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
]);

type OverTls = Extract<HealthCheckKind, { type: 'tls' | 'http' }>;

/**
 * The name for SNI and for the certificate: the list's `serverName`, otherwise its Host header, otherwise the name
 * that resolved to the address. Undefined without any of these.
 */
export function serverNameOf(check: Check, kind: OverTls): string | undefined {
  const fromHeader = kind.type === 'http' ? withoutPort(kind.http.host) : undefined;
  // A certificate never contains the root dot: `db.example.` and `db.example` are one name (RFC 6066 §3).
  return (kind.tls?.serverName ?? fromHeader ?? check.host)?.replace(/\.$/, '');
}

/** `db.example:8443` is `db.example`, and `[2001:db8::1]:8443` is `2001:db8::1`. */
function withoutPort(host: string | undefined): string | undefined {
  return host?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}
