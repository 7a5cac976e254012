import { checkServerIdentity, type TLSSocket } from 'node:tls';
import type { DialFault, TlsPeer } from '../health/dialer.ts';

/** Reads from a finished handshake what a probe judges by. `name` is what the certificate is to be for. */
export function peerOf(socket: TLSSocket, name: string): TlsPeer {
  const certificate = socket.getPeerX509Certificate();
  const problem = problemOf(socket, name);
  return {
    ...(certificate === undefined ? {} : { validUntilWallMs: certificate.validToDate.getTime() }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function problemOf(socket: TLSSocket, name: string): DialFault | undefined {
  if (socket.authorized) return undefined;
  const mismatch = checkServerIdentity(name, socket.getPeerCertificate());
  // Node keeps the code of what failed and drops its words; these are the words of a wrong name.
  const code = `${socket.authorizationError}`;
  return { code, message: code === 'ERR_TLS_CERT_ALTNAME_INVALID' && mismatch ? mismatch.message : code };
}
