import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Connection, DialFault, ReadResult, TlsRequest, TlsResult } from '../health/dialer.ts';
import type { IpAddress } from '../target/ip-address.ts';
import type { CaFiles } from './ca-files.ts';
import { peerOf } from './tls-peer.ts';

/** A connected socket of node:net, with TLS over it once that was asked for. */
export class SocketConnection implements Connection {
  readonly #socket: Socket;
  readonly #address: IpAddress;
  readonly #caFiles: CaFiles;
  /** What is read and written: the socket, then TLS over it. */
  #stream: Socket;
  #used = false;
  #listening = false;
  #fault: DialFault | undefined;
  #ended = false;
  /** Looks again whether the read that waits has its result. */
  #wakeReader: (() => void) | undefined;

  constructor(socket: Socket, address: IpAddress, caFiles: CaFiles) {
    this.#socket = socket;
    this.#address = address;
    this.#caFiles = caFiles;
    this.#stream = socket;
  }

  async startTls({ serverName, caFile }: TlsRequest, signal: AbortSignal): Promise<TlsResult> {
    const trust = await this.#caFiles.trustIn(caFile);
    signal.throwIfAborted();
    if (!trust.readable) return { secured: false, because: 'caFile', fault: trust.fault };
    this.#used = true;
    const tls = connectTls({
      socket: this.#socket,
      // What the certificate is held against when there is no server name.
      host: this.#address,
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(trust.context === undefined ? {} : { secureContext: trust.context }),
      // The handshake is to end whatever the certificate is like, so that the probe can say what is wrong.
      rejectUnauthorized: false,
    });
    tls.pause();
    this.#stream = tls;
    this.#listen();
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        signal.removeEventListener('abort', abort);
        tls.off('secureConnect', secured).off('error', failed).off('close', closed);
        then();
      };
      const failTo = (fault: DialFault) =>
        settle(() => resolve({ secured: false, because: 'handshake', fault }));
      const abort = () => settle(() => reject(signal.reason));
      const secured = () =>
        settle(() => resolve({ secured: true, peer: peerOf(tls, serverName ?? this.#address) }));
      const failed = (error: Error) => failTo(faultOf(error));
      const closed = () => failTo({ code: 'ECONNRESET', message: 'closed during the TLS handshake' });
      signal.addEventListener('abort', abort);
      tls.once('secureConnect', secured).once('error', failed).once('close', closed);
    });
  }

  write(bytes: Uint8Array): void {
    this.#used = true;
    this.#listen();
    this.#stream.write(bytes);
  }

  read(signal: AbortSignal): Promise<ReadResult> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        this.#wakeReader = undefined;
        signal.removeEventListener('abort', abort);
        then();
      };
      const abort = () => settle(() => reject(signal.reason));
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      signal.addEventListener('abort', abort);
      this.#used = true;
      this.#listen();
      this.#wakeReader = () => {
        const result = this.#readNow();
        if (result !== undefined) settle(() => resolve(result));
      };
      this.#wakeReader();
    });
  }

  /**
   * A connection that carried nothing ends with a reset, which leaves no TIME_WAIT here and no entry in
   * the connection tracking of the node; one that carried something ends in good order.
   */
  close(): void {
    if (this.#used) this.#stream.destroy();
    else this.#socket.resetAndDestroy();
  }

  #readNow(): ReadResult | undefined {
    const bytes: Buffer | null = this.#stream.read();
    if (bytes !== null) return { kind: 'data', bytes };
    if (this.#fault !== undefined) return { kind: 'failed', fault: this.#fault };
    return this.#ended ? { kind: 'end' } : undefined;
  }

  #listen(): void {
    if (this.#listening && this.#stream === this.#socket) return;
    this.#listening = true;
    const end = () => {
      this.#ended = true;
      this.#wakeReader?.();
    };
    this.#stream
      .on('readable', () => this.#wakeReader?.())
      .on('end', end)
      .on('close', end)
      .on('error', (error) => {
        this.#fault ??= faultOf(error);
        this.#wakeReader?.();
      });
  }
}

export function faultOf(error: Error): DialFault {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
  return { code, message: error.message };
}
