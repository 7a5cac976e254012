import type { IpAddress } from '../target/ip-address.ts';

/** Connections as a port: real sockets, the demo's loopback map, or the simulation's network. */
export interface Dialer {
  /**
   * Opens one TCP connection. Resolves with the connection or with what went wrong, never rejects but
   * with `signal.reason`. The caller bounds the time by aborting `signal`, and closes what it got.
   */
  dial(request: DialRequest, signal: AbortSignal): Promise<DialResult>;
}

export interface DialRequest {
  readonly address: IpAddress;
  readonly port: number;
}

export type DialResult =
  | { readonly connected: true; readonly connection: Connection }
  | { readonly connected: false; readonly code: string; readonly message: string };

export interface Connection {
  /** Ends the connection at once and frees its socket. */
  close(): void;
}
