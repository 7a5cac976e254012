import type { IpAddress } from '../model/ip-address.ts';

/** Connections as a port: real sockets, or the simulation's network. */
export interface Dialer {
  /**
   * Opens one TCP connection. Resolves with the connection or with the fault. Rejects with `signal.reason` only, and
   * then holds no socket. The caller limits the time by aborting `signal`, and closes the connection.
   */
  dial(request: DialRequest, signal: AbortSignal): Promise<DialResult>;

  /**
   * Opens a connection and closes it at once, which is all that most probes need. Resolves with the fault, if there
   * is one. Rejects as {@link dial} does.
   */
  reach(request: DialRequest, signal: AbortSignal): Promise<DialFault | undefined>;
}

export interface DialRequest {
  readonly address: IpAddress;
  readonly port: number;
}

export type DialResult =
  | { readonly connected: true; readonly connection: Connection }
  | { readonly connected: false; readonly fault: DialFault };

/** The message of the system or of the TLS library. `code` is an errno's name or OpenSSL's. */
export interface DialFault {
  readonly code: string;
  readonly message: string;
}

/** No method is called before the promise of the previous call has settled. */
export interface Connection {
  /** Starts TLS as a client, before anything was written or read. Rejects with `signal.reason` only. */
  startTls(request: TlsRequest, signal: AbortSignal): Promise<TlsResult>;
  /** Passes bytes to the system. Errors show in `read`. */
  write(bytes: Uint8Array): void;
  /** Reads the next bytes, at most 64 KiB. Rejects with `signal.reason` only. */
  read(signal: AbortSignal): Promise<ReadResult>;
  /** Ends the connection at once and frees its socket. May be called again. */
  close(): void;
}

/** The handshake finishes with any certificate; the probe checks the certificate. */
export interface TlsRequest {
  /** The name for SNI and for the certificate. Absent: no SNI, and the certificate must be for the address. */
  readonly serverName?: string;
  /** PEM file of the authorities to trust instead of the system's. Read again when it has changed. */
  readonly caFile?: string;
}

export type TlsResult =
  | { readonly secured: true; readonly peer: TlsPeer }
  | { readonly secured: false; readonly because: 'caFile' | 'handshake'; readonly fault: DialFault };

export interface TlsPeer {
  /** Why the certificate is not trusted, with OpenSSL's or Node's code; absent if it is. */
  readonly problem?: DialFault;
  /** The end of the certificate's validity, in milliseconds since the epoch; absent if the peer sent none. */
  readonly validUntilWallMs?: number;
}

export type ReadResult =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  /** The peer closed its side with a FIN. */
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly fault: DialFault };
