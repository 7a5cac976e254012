import type { Dialer, DialFault, DialRequest, DialResult } from '../health/dialer.ts';
import type { Clock } from '../time/clock.ts';
import { TokenBucket } from '../time/token-bucket.ts';
import { CaFiles } from './ca-files.ts';
import { DialingSocket } from './dialing-socket.ts';
import { type ConnectionHost, endSocket, faultOf, SocketConnection } from './socket-connection.ts';

/** Half of the ephemeral ports that Linux has by default, and an eighth of the tracking table of a small node. */
const ORDERLY_CLOSES_PER_MINUTE = 16_384;

/** The real network: node:net sockets, and node:tls over them. */
export class TcpDialer implements Dialer {
  readonly #host: ConnectionHost;

  constructor(
    clock: Pick<Clock, 'monotonicNow'>,
    orderlyCloses = new TokenBucket(ORDERLY_CLOSES_PER_MINUTE, ORDERLY_CLOSES_PER_MINUTE),
  ) {
    this.#host = { clock, orderlyCloses, caFiles: new CaFiles() };
  }

  dial(request: DialRequest, signal: AbortSignal): Promise<DialResult> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      new LastingSocket(signal, request, this.#host, { resolve, reject }).dial(request);
    });
  }

  reach(request: DialRequest, signal: AbortSignal): Promise<DialFault | undefined> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      new PassingSocket(signal, this.#host, resolve, reject).dial(request);
    });
  }
}

/** A socket that becomes a connection. */
class LastingSocket extends DialingSocket {
  readonly #connection: SocketConnection;
  readonly #promise: { resolve(result: DialResult): void; reject(reason: unknown): void };
  #stood = false;

  constructor(
    signal: AbortSignal,
    { address }: DialRequest,
    host: ConnectionHost,
    promise: { resolve(result: DialResult): void; reject(reason: unknown): void },
  ) {
    super(signal);
    this.#connection = new SocketConnection(this, address, host);
    this.#promise = promise;
    // Nothing is read before the first `read`.
    this.pause();
  }

  onConnected(): void {
    this.#stood = true;
    this.#promise.resolve({ connected: true, connection: this.#connection });
  }

  onFailed(error: Error): void {
    const fault = faultOf(error);
    this.#stood ||= hadConnected(fault);
    if (this.#stood) this.#connection.breakWith(fault);
    this.#promise.resolve(
      this.#stood ? { connected: true, connection: this.#connection } : { connected: false, fault },
    );
  }

  onAborted(reason: unknown): void {
    this.#connection.close();
    this.#promise.reject(reason);
  }
}

/** A socket that closes as soon as it has connected. */
class PassingSocket extends DialingSocket {
  readonly #host: ConnectionHost;
  readonly #resolve: (fault: DialFault | undefined) => void;
  readonly #reject: (reason: unknown) => void;

  constructor(
    signal: AbortSignal,
    host: ConnectionHost,
    resolve: (fault: DialFault | undefined) => void,
    reject: (reason: unknown) => void,
  ) {
    super(signal);
    this.#host = host;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  onConnected(): void {
    endSocket(this, this, this.#host);
    this.#resolve(undefined);
  }

  onFailed(error: Error): void {
    const fault = faultOf(error);
    this.#resolve(hadConnected(fault) ? undefined : fault);
  }

  onAborted(reason: unknown): void {
    endSocket(this, this, this.#host);
    this.#reject(reason);
  }
}

/**
 * A reset in answer to a SYN is ECONNREFUSED. ECONNRESET comes after the handshake (tcp_reset in tcp_input.c); only a
 * busy process sees it before it sees the connection.
 */
function hadConnected({ code }: DialFault): boolean {
  return code === 'ECONNRESET';
}
