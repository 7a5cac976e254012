import type { HealthCheckKind } from '../model/target.ts';
import type { Check } from './health.ts';

type OverTls = Extract<HealthCheckKind, { type: 'tls' | 'http' }>;

/**
 * The name to send as SNI and to hold the certificate against: what the list says, else the Host header
 * that it says, else the name that the address came from. Undefined when there is none of these.
 */
export function serverNameOf(check: Check, kind: OverTls): string | undefined {
  const fromHeader = kind.type === 'http' ? withoutPort(kind.http.host) : undefined;
  // A certificate never names the root: `db.example.` and `db.example` are one name (RFC 6066 §3).
  return (kind.tls?.serverName ?? fromHeader ?? check.host)?.replace(/\.$/, '');
}

/** `db.example:8443` is `db.example`, and `[2001:db8::1]:8443` is `2001:db8::1`. */
function withoutPort(host: string | undefined): string | undefined {
  return host?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}
