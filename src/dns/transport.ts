import type { DnsServerAddress } from '../model/target.ts';

/** The network as a DNS client sees it: real sockets, or the simulation's. */
export interface DnsTransport {
  /**
   * Sends one datagram from a source port that a stranger cannot guess, and shows the exchange what comes back
   * from the server's address and port until it accepts one. Never rejects but with `signal.reason`.
   */
  exchangeUdp(exchange: DnsExchange, signal: AbortSignal): Promise<UdpResult>;
  /**
   * Sends one message over a TCP connection of its own (RFC 7766) and reads the first one that comes back.
   * Never rejects but with `signal.reason`.
   */
  exchangeTcp(exchange: DnsExchange, signal: AbortSignal): Promise<TcpResult>;
}

export interface DnsExchange {
  readonly server: DnsServerAddress;
  /** One whole DNS message. Its first two octets are the id by which its reply is known. */
  readonly query: Uint8Array;
  readonly timeoutMs: number;
  /** True when the message is the reply. Asked about at most {@link MAX_STRAYS} others, over UDP only. */
  accepts(message: Uint8Array): boolean;
}

/** So many datagrams that answer nothing end the wait for the one that would: somebody is guessing. */
export const MAX_STRAYS = 100;

/** What a TCP reply may be long; a longer one is not read. Room for a thousand addresses of a name. */
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
  /** Refused, no route, no socket left …: `code` is the operating system's. */
  | { readonly outcome: 'unreachable'; readonly code: string };
