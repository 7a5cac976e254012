import { createSocket, type Socket } from 'node:dgram';
import { type DnsExchange, MAX_STRAYS, type UdpResult } from '../dns/transport.ts';
import type { DnsServerAddress } from '../model/target.ts';
import { onAbort } from '../time/on-abort.ts';
import { OncePerTurn } from './once-per-turn.ts';

/**
 * The kernel chooses a source port at random. Queries that start while others are in flight share their port, up to a
 * number and for a limited time. A single query has a port of its own.
 *
 * A forger has to guess the port, the id and the case of letters of one query, whether others share its port or not.
 * Sharing only gives more time to find an open port, which the second limit is for. A new port for each of ten thousand
 * simultaneous queries would double the cost of each.
 */
const MAX_QUERIES_PER_PORT = 32;
const MAX_PORT_SHARED_MS = 100;

export function createUdpExchanger(): (exchange: DnsExchange, signal: AbortSignal) => Promise<UdpResult> {
  const ports = new WeakMap<DnsServerAddress, UdpPort>();
  const received = new OncePerTurn<Datagram>((datagrams) => {
    for (const { port, message } of datagrams) port.receive(message);
  });
  const leaving = new OncePerTurn<Datagram>((datagrams) => {
    datagrams.forEach(({ port, message }, index) => {
      port.send(message, datagrams[index + 1]?.port !== port);
    });
  });
  return (exchange, signal) => {
    if (signal.aborted) return Promise.reject(signal.reason);
    const { server } = exchange;
    let port = ports.get(server);
    if (port === undefined || !port.hasRoomFor(exchange)) {
      port = new UdpPort(server, received, leaving);
      ports.set(server, port);
    }
    return port.exchange(exchange, signal);
  };
}

interface Datagram {
  readonly port: UdpPort;
  readonly message: Uint8Array;
}

interface Pending {
  readonly exchange: DnsExchange;
  readonly deadlineMs: number;
  readonly resolve: (result: UdpResult) => void;
  readonly forgetSignal: () => void;
}

/** One socket, connected to one server. The kernel drops datagrams from elsewhere and reports refusals. */
class UdpPort {
  readonly #socket: Socket;
  readonly #leaving: OncePerTurn<Datagram>;
  readonly #pending = new Map<number, Pending>();
  #beforeConnect: Uint8Array[] | undefined = [];
  #timer: NodeJS.Timeout | undefined;
  #timerMs = Number.POSITIVE_INFINITY;
  #carried = 0;
  #strays = 0;
  #closed = false;
  readonly #openedAtMs = performance.now();

  constructor(server: DnsServerAddress, received: OncePerTurn<Datagram>, leaving: OncePerTurn<Datagram>) {
    this.#leaving = leaving;
    const family = server.address.includes(':') ? 6 : 4;
    this.#socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // An address needs no look-up. Node's look-up would go through the queue of its thread pool.
      lookup: (hostname, _options, callback) => callback(null, hostname, family),
    });
    this.#socket.on('message', (message) => {
      received.add({ port: this, message });
      // Answers cause further queries, which should be sent in the same turn.
      leaving.expect();
    });
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
    // Without a callback of its own a failed connect is an `error` event like others.
    this.#socket.once('connect', () => this.#connected());
    this.#socket.connect(server.port, server.address);
  }

  hasRoomFor({ query }: DnsExchange): boolean {
    if (this.#closed || this.#carried >= MAX_QUERIES_PER_PORT) return false;
    if (performance.now() - this.#openedAtMs > MAX_PORT_SHARED_MS) return false;
    return !this.#pending.has(idOf(query));
  }

  exchange(exchange: DnsExchange, signal: AbortSignal): Promise<UdpResult> {
    return new Promise((resolve, reject) => {
      const id = idOf(exchange.query);
      const forgetSignal = onAbort(signal, () => {
        this.#remove(id);
        reject(signal.reason);
      });
      const deadlineMs = performance.now() + exchange.timeoutMs;
      this.#pending.set(id, { exchange, deadlineMs, resolve, forgetSignal });
      this.#carried += 1;
      if (deadlineMs < this.#timerMs) this.#arm(deadlineMs);
      if (this.#beforeConnect === undefined) this.#leaving.add({ port: this, message: exchange.query });
      else this.#beforeConnect.push(exchange.query);
    });
  }

  #connected(): void {
    const waiting = this.#beforeConnect ?? [];
    this.#beforeConnect = undefined;
    for (const query of waiting) this.#leaving.add({ port: this, message: query });
  }

  /**
   * Only the last of several queries gets a callback. The kernel reports a refusal once, to the next call: to the
   * last query, or as an error of the socket if that query caused it.
   */
  send(query: Uint8Array, isLast: boolean): void {
    if (this.#closed) return;
    if (isLast) this.#socket.send(query, this.#afterSend);
    else this.#socket.send(query);
  }

  readonly #afterSend = (error: NodeJS.ErrnoException | null): void => {
    if (error !== null) this.#fail(error);
  };

  receive(datagram: Uint8Array): void {
    const id = idOf(datagram);
    const known = this.#pending.get(id);
    const pending = known ?? this.#pending.values().next().value;
    if (pending === undefined) return;
    if (pending.exchange.accepts(datagram)) {
      this.#finish(id, pending, { outcome: 'received', message: datagram });
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
    for (const [id, pending] of [...this.#pending]) this.#finish(id, pending, result);
  }

  #finish(id: number, { resolve, forgetSignal }: Pending, result: UdpResult): void {
    forgetSignal();
    this.#remove(id);
    resolve(result);
  }

  #remove(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#close();
  }

  /** One timer for all queries that wait, at the earliest of their deadlines. */
  #arm(deadlineMs: number): void {
    clearTimeout(this.#timer);
    this.#timerMs = deadlineMs;
    this.#timer = setTimeout(() => this.#expire(), Math.ceil(deadlineMs - performance.now()));
  }

  #expire(): void {
    const nowMs = performance.now();
    this.#timerMs = Number.POSITIVE_INFINITY;
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const [id, pending] of [...this.#pending]) {
      if (pending.deadlineMs <= nowMs) this.#finish(id, pending, { outcome: 'timeout' });
      else earliestMs = Math.min(earliestMs, pending.deadlineMs);
    }
    if (earliestMs < Number.POSITIVE_INFINITY) this.#arm(earliestMs);
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#socket.close();
  }
}

function idOf(message: Uint8Array): number {
  return ((message[0] ?? 0) << 8) | (message[1] ?? 0);
}
