import type { DnsExchange, DnsTransport, TcpResult, UdpResult } from '../../src/dns/transport.ts';
import { decodeQuery, encodeReply, type Rcode, type ReceivedQuery } from '../../src/embedded/dns-wire.ts';
import type { DnsZone } from '../../src/embedded/dns-zone.ts';
import type { IpAddress } from '../../src/model/ip-address.ts';
import type { DnsServerAddress } from '../../src/model/target.ts';
import type { Clock } from '../../src/time/clock.ts';

export interface AskedQuery extends ReceivedQuery {
  readonly atMs: number;
  readonly server: string;
  readonly overTcp: boolean;
  readonly message: Uint8Array;
}

/** What a simulated server sends back, and when; without it the server is silent. */
export interface Reaction {
  readonly datagrams: readonly Uint8Array[];
  readonly afterMs?: number;
}

export type Behaviour = (query: AskedQuery) => Reaction | TcpResult | UdpResult;

/** A DNS network without sockets. The test sets what each server does; unknown servers refuse. */
export class DnsNetwork implements DnsTransport {
  readonly queries: AskedQuery[] = [];
  inFlight = 0;
  mostInFlight = 0;
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(server: DnsServerAddress, behaviour: Behaviour): void {
    this.#behaviours.set(keyOf(server), behaviour);
  }

  exchangeUdp(exchange: DnsExchange, signal: AbortSignal): Promise<UdpResult> {
    return this.#exchange(exchange, signal, false, (datagrams) => {
      const message = datagrams.find((datagram) => exchange.accepts(datagram));
      return message === undefined ? undefined : { outcome: 'received', message };
    }) as Promise<UdpResult>;
  }

  exchangeTcp(exchange: DnsExchange, signal: AbortSignal): Promise<TcpResult> {
    return this.#exchange(exchange, signal, true, ([message]) =>
      message === undefined ? undefined : { outcome: 'received', message },
    ) as Promise<TcpResult>;
  }

  async #exchange(
    { server, query, timeoutMs }: DnsExchange,
    signal: AbortSignal,
    overTcp: boolean,
    take: (datagrams: readonly Uint8Array[]) => UdpResult | undefined,
  ): Promise<UdpResult | TcpResult> {
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      const decoded = decodeQuery(Buffer.from(query));
      if (decoded === undefined) throw new Error('what was sent is no query');
      const atMs = this.#clock.monotonicNow();
      const asked = { ...decoded, atMs, server: keyOf(server), overTcp, message: query };
      this.queries.push(asked);
      const reaction = this.#behaviours.get(keyOf(server))?.(asked) ?? unreachable;
      if ('outcome' in reaction) return reaction;
      await this.#clock.sleep(Math.min(reaction.afterMs ?? 1, timeoutMs), signal);
      const late = (reaction.afterMs ?? 1) >= timeoutMs;
      const taken = late ? undefined : take(reaction.datagrams);
      if (taken !== undefined) return taken;
      await this.#clock.sleep(timeoutMs - Math.min(reaction.afterMs ?? 1, timeoutMs), signal);
      return { outcome: 'timeout' };
    } finally {
      this.inFlight -= 1;
    }
  }
}

const unreachable = { outcome: 'unreachable', code: 'ECONNREFUSED' } as const;

/** Answers as the authority for the zones; REFUSED for other names. */
export function servingZones(...zones: readonly DnsZone[]): Behaviour {
  return serving(zones, 'REFUSED');
}

/** Answers as a recursor: names outside the zones do not exist. */
export function knowingAll(...zones: readonly DnsZone[]): Behaviour {
  return serving(zones, 'NXDOMAIN');
}

function serving(zones: readonly DnsZone[], otherwise: 'REFUSED' | 'NXDOMAIN'): Behaviour {
  return (query) => {
    const zone = zones.find((candidate) => candidate.contains(query.name));
    const nothing = { answers: [], authorities: [], additionals: [] };
    const found = zone?.answer(query.name, query.type) ?? { rcode: otherwise, ...nothing };
    const maxBytes = query.overTcp ? 65_535 : Math.max(512, query.udpPayloadBytes ?? 0);
    return { datagrams: [encodeReply(query, found.rcode, found, maxBytes)] };
  };
}

export function answering(rcode: Rcode): Behaviour {
  return (query) => ({
    datagrams: [encodeReply(query, rcode, { answers: [], authorities: [], additionals: [] }, 65_535)],
  });
}

export const silent: Behaviour = () => ({ datagrams: [] });

export function serverAt(address: string, port = 53): DnsServerAddress {
  return { address: address as IpAddress, port };
}

function keyOf({ address, port }: DnsServerAddress): string {
  return `${address} ${port}`;
}
