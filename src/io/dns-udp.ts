import { createSocket, type Socket } from 'node:dgram';
import { MAX_STRAYS, type UdpExchange, type UdpResult } from '../dns/transport.ts';
import { onAbort } from '../target/on-abort.ts';
import type { DnsServerAddress } from '../target/target.ts';

/**
 * A source port is chosen by the kernel and serves the queries that begin while it has others under way,
 * but never more than this. A query that comes alone has a port of its own. A fresh port for each of ten
 * thousand queries at once would double what each costs, and hide none of them better: a forger has to
 * guess the port, the id and the letters' case of one query either way.
 */
const MAX_QUERIES_PER_PORT = 16;

type Exchanger = (exchange: UdpExchange, signal: AbortSignal) => Promise<UdpResult>;

export function createUdpExchanger(): Exchanger {
  const ports = new Map<string, UdpPort>();
  return (exchange, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const { address, port } = exchange.server;
      const key = `${address} ${port}`;
      let udpPort = ports.get(key);
      if (udpPort === undefined || !udpPort.accepts(exchange)) {
        udpPort = new UdpPort(exchange.server, (closed) => {
          if (ports.get(key) === closed) ports.delete(key);
        });
        ports.set(key, udpPort);
      }
      udpPort.send(exchange, signal, resolve, reject);
    });
}

interface Pending {
  readonly exchange: UdpExchange;
  readonly finish: (result: UdpResult) => void;
}

/** One socket, connected to one server: the kernel drops what comes from elsewhere and tells of refusals. */
class UdpPort {
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  readonly #onClose: (port: UdpPort) => void;
  #beforeConnect: Uint8Array[] | undefined = [];
  #carried = 0;
  #strays = 0;
  #closed = false;

  constructor(server: DnsServerAddress, onClose: (port: UdpPort) => void) {
    this.#onClose = onClose;
    const family = server.address.includes(':') ? 6 : 4;
    this.#socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // An address needs no look-up, and Node's would go through its thread pool's queue.
      lookup: (hostname, _options, callback) => callback(null, hostname, family),
    });
    this.#socket.on('message', (datagram) => this.#receive(datagram));
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
    // Without a callback of its own a failure to connect is an `error` event like any other.
    this.#socket.once('connect', () => this.#connected());
    this.#socket.connect(server.port, server.address);
  }

  accepts(exchange: UdpExchange): boolean {
    return !this.#closed && this.#carried < MAX_QUERIES_PER_PORT && !this.#pending.has(idOf(exchange.query));
  }

  send(
    exchange: UdpExchange,
    signal: AbortSignal,
    resolve: (result: UdpResult) => void,
    reject: (reason: unknown) => void,
  ): void {
    const id = idOf(exchange.query);
    this.#carried += 1;
    const forget = onAbort(signal, () => {
      clearTimeout(timer);
      this.#remove(id);
      reject(signal.reason);
    });
    const finish = (result: UdpResult) => {
      clearTimeout(timer);
      forget();
      this.#remove(id);
      resolve(result);
    };
    const timer = setTimeout(finish, exchange.timeoutMs, { outcome: 'timeout' });
    this.#pending.set(id, { exchange, finish });
    if (this.#beforeConnect === undefined) this.#transmit(exchange.query);
    else this.#beforeConnect.push(exchange.query);
  }

  #connected(): void {
    const waiting = this.#beforeConnect ?? [];
    this.#beforeConnect = undefined;
    if (!this.#closed) for (const query of waiting) this.#transmit(query);
  }

  #transmit(query: Uint8Array): void {
    this.#socket.send(query, (error) => {
      if (error !== null) this.#fail(error);
    });
  }

  #receive(datagram: Uint8Array): void {
    const pending = this.#pending.get(idOf(datagram)) ?? this.#pending.values().next().value;
    if (pending === undefined) return;
    if (pending.exchange.judge(datagram)) {
      pending.finish({ outcome: 'received', message: datagram });
      return;
    }
    this.#strays += 1;
    if (this.#strays >= MAX_STRAYS) this.#finishAll({ outcome: 'flooded' });
  }

  #fail(error: NodeJS.ErrnoException): void {
    this.#finishAll({ outcome: 'unreachable', code: error.code ?? error.message });
    this.#close();
  }

  #finishAll(result: UdpResult): void {
    for (const { finish } of [...this.#pending.values()]) finish(result);
  }

  #remove(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#close();
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose(this);
    this.#socket.close();
  }
}

function idOf(message: Uint8Array): number {
  return ((message[0] ?? 0) << 8) | (message[1] ?? 0);
}
