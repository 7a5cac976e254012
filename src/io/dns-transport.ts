import type { DnsTransport } from '../dns/transport.ts';
import { exchangeOverTcp } from './dns-tcp.ts';
import { createUdpExchanger } from './dns-udp.ts';

/** DNS over real sockets. */
export function createDnsTransport(): DnsTransport {
  return { exchangeUdp: createUdpExchanger(), exchangeTcp: exchangeOverTcp };
}
