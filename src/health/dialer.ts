import type { IpAddress } from '../model/ip-address.ts';

/** Connections as a port: real sockets, or the simulation's network. */
export interface Dialer {
  /**
   * Opens one TCP connection. Resolves with the connection or with what went wrong; rejects with
   * `signal.reason` only, and then holds no socket any more. The caller bounds the time by aborting
   * `signal`, and closes what it got.
   */
  dial(request: DialRequest, signal: AbortSignal): Promise<DialResult>;

  /**
   * Opens a connection only to see that it can be opened, and ends it at once: all that most probes do. Resolves
   * with what went wrong, if something did; rejects as {@link dial} does.
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

/** What the system or the TLS library said. `code` is an errno's name or OpenSSL's, for programs. */
export interface DialFault {
  readonly code: string;
  readonly message: string;
}

/** One thing at a time: no method is called before the promise of the one before has settled. */
export interface Connection {
  /** Makes a TLS client of this end, before anything was written or read. Rejects with `signal.reason` only. */
  startTls(request: TlsRequest, signal: AbortSignal): Promise<TlsResult>;
  /** Hands bytes to the system. What goes wrong shows in reading. */
  write(bytes: Uint8Array): void;
  /** The next bytes, at most 64 KiB of them. Rejects with `signal.reason` only. */
  read(signal: AbortSignal): Promise<ReadResult>;
  /** Ends the connection at once and frees its socket. Harmless when repeated. */
  close(): void;
}

/** The handshake is finished whatever the certificate is like; the probe judges that. */
export interface TlsRequest {
  /** SNI, and the name to hold the certificate against; absent: no SNI, and the address is held against it. */
  readonly serverName?: string;
  /** PEM file of the authorities to trust instead of the system's. Read again when it changed. */
  readonly caFile?: string;
}

export type TlsResult =
  | { readonly secured: true; readonly peer: TlsPeer }
  | { readonly secured: false; readonly because: 'caFile' | 'handshake'; readonly fault: DialFault };

export interface TlsPeer {
  /** Why the certificate is not to be trusted, with OpenSSL's or Node's code; absent when it is. */
  readonly problem?: DialFault;
  /** End of the certificate's validity, in milliseconds since the epoch; absent when the peer showed none. */
  readonly validUntilWallMs?: number;
}

export type ReadResult =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  /** The peer closed its side in good order. */
  | { readonly kind: 'end' }
  | { readonly kind: 'failed'; readonly fault: DialFault };
