import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { KeyPair } from './certificates.ts';

/** The certificate of the front, and the authority of its clients. */
export interface TlsIdentity extends KeyPair {
  readonly clientCaFile: string;
}

/** TLS in front of a plain HTTP server on this machine; it requires a client certificate. */
export class TlsFront implements AsyncDisposable {
  readonly port: number;
  /** The common names of the clients' certificates. */
  readonly clients: string[] = [];
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
    this.port = (server.address() as AddressInfo).port;
    server.on('secureConnection', (socket) => this.clients.push(nameOf(socket)));
  }

  static async start(identity: TlsIdentity, portBehind: number): Promise<TlsFront> {
    const sockets = new Set<Socket>();
    const options = { ...contextOf(identity), requestCert: true, rejectUnauthorized: true };
    const server = createServer(options, (client) => {
      const upstream = connect(portBehind, '127.0.0.1');
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.on('close', () => sockets.delete(socket));
      }
      client.pipe(upstream).pipe(client);
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    return new TlsFront(server, sockets);
  }

  /** Changes the certificates and cuts all connections, as a restarted API server does. */
  rotate(identity: TlsIdentity): void {
    this.#server.setSecureContext(contextOf(identity));
    this.cut();
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.cut();
    await closed;
  }
}

function contextOf({ certFile, keyFile, clientCaFile }: TlsIdentity) {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile), ca: readFileSync(clientCaFile) };
}

function nameOf(socket: TLSSocket): string {
  const { CN = '' } = socket.getPeerCertificate().subject;
  return Array.isArray(CN) ? (CN[0] ?? '') : CN;
}
