import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { DnsServerAddress } from '../../src/model/target.ts';
import { serverAt } from './dns-network.ts';

export interface UdpCaller {
  readonly query: Buffer;
  readonly from: RemoteInfo;
  /** How many datagrams arrived before this one. */
  readonly before: number;
  /** Sends from the server's own address and port. */
  send(datagram: Uint8Array): void;
}

/** A server that sends the bytes of a test, and follows no rule of DNS itself. */
export class HostileDnsServer implements AsyncDisposable {
  readonly #udp = createSocket('udp4');
  readonly #tcp = createServer();
  readonly #connections = new Set<Socket>();
  /** Every received datagram, with its source. */
  readonly received: { query: Buffer; port: number }[] = [];
  onUdp: (caller: UdpCaller) => void = () => undefined;
  /** Without it TCP connections are closed at once. */
  onTcp: (socket: Socket, query: Buffer) => void = (socket) => socket.destroy();
  #address: DnsServerAddress | undefined;

  static async start(): Promise<HostileDnsServer> {
    const server = new HostileDnsServer();
    await server.#start();
    return server;
  }

  /** The same object each time, as a resolver has it from its settings. */
  get address(): DnsServerAddress {
    if (this.#address === undefined) throw new Error('the server has not started');
    return this.#address;
  }

  async #start(): Promise<void> {
    this.#tcp.listen(0, '127.0.0.1');
    await once(this.#tcp, 'listening');
    const bound = this.#tcp.address();
    if (bound === null || typeof bound === 'string') throw new Error('a server without a port');
    this.#address = serverAt('127.0.0.1', bound.port);
    this.#udp.bind(bound.port, '127.0.0.1');
    await once(this.#udp, 'listening');
    this.#udp.on('message', (query, from) => {
      const before = this.received.length;
      this.received.push({ query, port: from.port });
      this.onUdp({
        query,
        from,
        before,
        send: (datagram) => this.#udp.send(datagram, from.port, from.address),
      });
    });
    this.#tcp.on('connection', (socket) => {
      this.#connections.add(socket);
      // These tests expect that the client closes the connection in the middle.
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.#connections.delete(socket));
      socket.once('data', (framed) => this.onTcp(socket, framed.subarray(2)));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    this.#udp.close();
    this.#tcp.close();
    await Promise.all([once(this.#udp, 'close'), once(this.#tcp, 'close')]);
  }
}
