import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { DialFault, TlsPeer } from '../health/dialer.ts';

/** Reads the result of a finished handshake. `name` is the name that the certificate must be for. */
export function peerOf(socket: TLSSocket, name: string): TlsPeer {
  // Called once: a second call returns nothing.
  const certificate = socket.getPeerX509Certificate();
  const problem = problemOf(socket, certificate, name);
  return {
    ...(certificate === undefined ? {} : { validUntilWallMs: certificate.validToDate.getTime() }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function problemOf(
  socket: TLSSocket,
  certificate: X509Certificate | undefined,
  name: string,
): DialFault | undefined {
  if (socket.authorized) return undefined;
  // Node keeps the code of the error and drops its message.
  const code = `${socket.authorizationError}`;
  if (code !== 'ERR_TLS_CERT_ALTNAME_INVALID') return { code, message: code };
  const names = certificate?.subjectAltName ?? certificate?.subject.replaceAll('\n', ', ') ?? 'nobody';
  return { code, message: `the certificate is not for ${name} but for ${names}` };
}
