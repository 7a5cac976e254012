import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Connection, DialFault, ReadResult, TlsRequest, TlsResult } from '../health/dialer.ts';
import type { IpAddress } from '../model/ip-address.ts';
import type { Clock } from '../time/clock.ts';
import { onAbort } from '../time/on-abort.ts';
import type { TokenBucket } from '../time/token-bucket.ts';
import type { CaFiles } from './ca-files.ts';
import { peerOf } from './tls-peer.ts';

/** The state that the connections of one dialer share. */
export interface ConnectionHost {
  readonly clock: Pick<Clock, 'monotonicNow'>;
  readonly caFiles: CaFiles;
  /**
   * How many connections may still be closed with a FIN. The side that closes first keeps the pair of ports for a minute
   * (TIME_WAIT), and the connection tracking of its node keeps an entry for two minutes. A node whose table is full
   * drops everybody's packets. So beyond this rate a connection ends with a reset, which leaves nothing behind.
   */
  readonly orderlyCloses: TokenBucket;
}

/** A connected socket of node:net, with TLS over it after `startTls`. */
export class SocketConnection implements Connection {
  readonly #socket: Socket;
  readonly #address: IpAddress;
  readonly #host: ConnectionHost;
  /** The stream to read and write: the socket, then TLS over it. */
  #stream: Socket;
  #closed = false;
  #listenedTo: Socket | undefined;
  #fault: DialFault | undefined;
  #ended = false;
  /** Checks again whether the waiting read has its result. */
  #wakeReader: (() => void) | undefined;

  constructor(socket: Socket, address: IpAddress, host: ConnectionHost) {
    this.#socket = socket;
    this.#address = address;
    this.#host = host;
    this.#stream = socket;
  }

  /** Marks the connection as broken. */
  breakWith(fault: DialFault): void {
    this.#fault ??= fault;
  }

  async startTls({ serverName, caFile }: TlsRequest, signal: AbortSignal): Promise<TlsResult> {
    const trust = await this.#host.caFiles.trustIn(caFile);
    signal.throwIfAborted();
    if (!trust.readable) return { secured: false, because: 'caFile', fault: trust.fault };
    if (this.#fault !== undefined) return { secured: false, because: 'handshake', fault: this.#fault };
    const name = serverName ?? this.#address;
    const tls = connectTls({
      socket: this.#socket,
      // The name for the certificate. SNI has it too, unless it is an address (RFC 6066 §3).
      host: name,
      ...(isIP(name) === 0 ? { servername: name } : {}),
      ...(trust.context === undefined ? {} : { secureContext: trust.context }),
      // The handshake must end with any certificate, so that the probe can say what is wrong with it.
      rejectUnauthorized: false,
    });
    tls.pause();
    this.#stream = tls;
    this.#listen();
    return new Promise((resolve, reject) => {
      const finish = (then: () => void) => {
        stopListening();
        tls.off('secureConnect', secured).off('error', failed).off('close', closed);
        then();
      };
      const failTo = (fault: DialFault) =>
        finish(() => resolve({ secured: false, because: 'handshake', fault }));
      const stopListening = onAbort(signal, () => finish(() => reject(signal.reason)));
      const secured = () => finish(() => resolve({ secured: true, peer: peerOf(tls, name) }));
      const failed = (error: Error) => failTo(faultOf(error));
      const closed = () => failTo({ code: 'ECONNRESET', message: 'closed during the TLS handshake' });
      tls.once('secureConnect', secured).once('error', failed).once('close', closed);
    });
  }

  write(bytes: Uint8Array): void {
    this.#listen();
    if (this.#fault === undefined) this.#stream.write(bytes);
  }

  read(signal: AbortSignal): Promise<ReadResult> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const finish = (then: () => void) => {
        this.#wakeReader = undefined;
        stopListening();
        then();
      };
      const stopListening = onAbort(signal, () => finish(() => reject(signal.reason)));
      this.#listen();
      this.#wakeReader = () => {
        const result = this.#readNow();
        if (result !== undefined) finish(() => resolve(result));
      };
      this.#wakeReader();
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    endSocket(this.#socket, this.#stream, this.#host);
  }

  #readNow(): ReadResult | undefined {
    const bytes: Buffer | null = this.#stream.read();
    if (bytes !== null) return { kind: 'data', bytes };
    if (this.#fault !== undefined) return { kind: 'failed', fault: this.#fault };
    return this.#ended ? { kind: 'end' } : undefined;
  }

  #listen(): void {
    if (this.#listenedTo === this.#stream) return;
    this.#listenedTo = this.#stream;
    const end = () => {
      this.#ended = true;
      this.#wakeReader?.();
    };
    this.#stream
      .on('readable', () => this.#wakeReader?.())
      .on('end', end)
      .on('close', end)
      .on('error', (error) => {
        this.breakWith(faultOf(error));
        this.#wakeReader?.();
      });
  }
}

/**
 * Closes with a FIN while the rate allows it, because many backends log a reset. A socket that has not connected yet
 * leaves nothing behind, and a reset would wait until it has connected.
 *
 * @param stream the socket, or TLS over it.
 */
export function endSocket(
  socket: Socket,
  stream: Socket,
  { orderlyCloses, clock }: Omit<ConnectionHost, 'caFiles'>,
): void {
  if (socket.connecting || orderlyCloses.take(clock.monotonicNow())) stream.destroy();
  else socket.resetAndDestroy();
}

export function faultOf(error: Error & { readonly reason?: string }): DialFault {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
  // OpenSSL's message starts with a thread's address and ends with a source line; Node's ends with an unbound
  // address.
  return {
    code,
    message: error.reason ?? error.message.replace(' - Local (0.0.0.0:0)', '').replace(' - Local (:::0)', ''),
  };
}
