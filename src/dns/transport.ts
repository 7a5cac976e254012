import type { DnsServerAddress } from '../model/target.ts';

/** The network as a DNS client sees it: real sockets, or the simulation's. */
export interface DnsTransport {
  /**
   * Sends one datagram from a source port that others cannot guess. Passes each datagram from the server's address
   * and port to `exchange.accepts` until it accepts one. Rejects with `signal.reason` only.
   */
  exchangeUdp(exchange: DnsExchange, signal: AbortSignal): Promise<UdpResult>;
  /**
   * Sends one message over a TCP connection of its own (RFC 7766) and reads the first reply. Rejects with
   * `signal.reason` only.
   */
  exchangeTcp(exchange: DnsExchange, signal: AbortSignal): Promise<TcpResult>;
}

export interface DnsExchange {
  readonly server: DnsServerAddress;
  /** One complete DNS message. The reply has the same first two octets, the id. */
  readonly query: Uint8Array;
  readonly timeoutMs: number;
  /** True if the message is the reply. Over UDP, at most {@link MAX_STRAYS} other datagrams are passed to it. */
  accepts(message: Uint8Array): boolean;
}

/** After this many datagrams that are not the reply the wait ends: somebody is guessing ids. */
export const MAX_STRAYS = 100;

/** The limit of a TCP reply, enough for a thousand addresses of a name. A longer one is not read. */
export const MAX_TCP_REPLY_BYTES = 16 * 1024;

export type UdpResult = ReplyReceived | NoReply | { readonly outcome: 'flooded' };

export type TcpResult =
  | ReplyReceived
  | NoReply
  /** The server announced more than {@link MAX_TCP_REPLY_BYTES}. */
  | { readonly outcome: 'tooLong'; readonly announcedBytes: number }
  /** The connection ended inside the message. */
  | { readonly outcome: 'cutShort' };

interface ReplyReceived {
  readonly outcome: 'received';
  readonly message: Uint8Array;
}

type NoReply =
  | { readonly outcome: 'timeout' }
  /** Refused, no route, no socket left and so on; `code` is the errno's name. */
  | { readonly outcome: 'unreachable'; readonly code: string };
