import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { IpAddress } from '../model/ip-address.ts';

/**
 * The behaviour of a backend: `accept` accepts connections and sends a greeting, `refuse` closes the port, `hang`
 * accepts connections and sends nothing.
 */
export type BackendMode = 'accept' | 'refuse' | 'hang';

/** A small TCP server that represents a database. It can stop and start again on the same port. */
export class Backend {
  readonly address: IpAddress;
  readonly greeting: string;
  #port = 0;
  #mode: BackendMode = 'refuse';
  #server: Server | undefined;
  readonly #sockets = new Set<Socket>();
  /** The number of accepted connections so far. */
  accepted = 0;

  private constructor(address: IpAddress, greeting: string) {
    this.address = address;
    this.greeting = greeting;
  }

  /** Listens on `address`, on a free port unless one is given. Rejects when the port is not available. */
  static async start(address: IpAddress, { port = 0, greeting = '' } = {}): Promise<Backend> {
    const backend = new Backend(address, greeting);
    backend.#port = port;
    await backend.become('accept');
    return backend;
  }

  get port(): number {
    return this.#port;
  }

  get mode(): BackendMode {
    return this.#mode;
  }

  /** Changes the behaviour. `refuse` also closes existing connections, as when a process dies. */
  async become(mode: BackendMode): Promise<void> {
    this.#mode = mode;
    if (mode === 'refuse') await this.#close();
    else if (this.#server === undefined) await this.#listen();
  }

  async stop(): Promise<void> {
    await this.become('refuse');
  }

  async #listen(): Promise<void> {
    const server = createServer((socket) => this.#take(socket));
    this.#server = server;
    server.listen({ host: this.address, port: this.#port });
    await once(server, 'listening');
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('a TCP server without a port');
    this.#port = bound.port;
  }

  #take(socket: Socket): void {
    this.accepted += 1;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // Probes and applications end a connection with a reset.
    socket.on('error', () => socket.destroy());
    socket.resume();
    if (this.#mode === 'accept' && this.greeting !== '') socket.write(this.greeting);
  }

  async #close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
