import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket, type Server as TcpServer } from 'node:net';
import type { IpAddress } from '../model/ip-address.ts';
import type { DnsServerAddress } from '../model/target.ts';
import { decodeQuery, encodeReply } from './dns-wire.ts';
import type { DnsZone } from './dns-zone.ts';

/** A fault: the server's behaviour instead of a normal response. */
export type DnsOutage = 'silent' | 'SERVFAIL' | 'REFUSED';

export interface EmbeddedDnsServer {
  readonly address: DnsServerAddress;
  /** Queries received so far, over both transports. */
  readonly queries: number;
  /** Undefined: no fault. Takes effect with the next query. */
  outage: DnsOutage | undefined;
  close(): Promise<void>;
}

const UDP_BYTES_WITHOUT_EDNS = 512;
const MAX_UDP_BYTES = 1232;
const MAX_TCP_BYTES = 65_535;
const MAX_TCP_CONNECTIONS = 64;
const TCP_IDLE_MS = 10_000;

/** Attempts to find a port that is free for both UDP and TCP. */
const PORT_TRIES = 10;

/** A DNS server on loopback for the demo and the tests: authoritative for the given zones. */
export async function startDnsServer(
  zones: readonly DnsZone[],
  host: '127.0.0.1' | '::1' = '127.0.0.1',
): Promise<EmbeddedDnsServer> {
  const { udp, tcp, port } = await openBoth(host, PORT_TRIES);
  const connections = new Set<Socket>();
  const server = {
    address: { address: host as IpAddress, port },
    queries: 0,
    outage: undefined as DnsOutage | undefined,
    async close() {
      for (const connection of connections) connection.destroy();
      udp.close();
      tcp.close();
      await Promise.all([once(udp, 'close'), once(tcp, 'close')]);
    },
  };
  const reply = (message: Buffer, transport: 'udp' | 'tcp'): Uint8Array | undefined => {
    server.queries += 1;
    return server.outage === 'silent' ? undefined : answer(message, zones, transport, server.outage);
  };
  udp.on('message', (message, from) => {
    const bytes = reply(message, 'udp');
    if (bytes !== undefined) udp.send(bytes, from.port, from.address);
  });
  tcp.on('connection', (connection) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
    serveConnection(connection, (message) => reply(message, 'tcp'));
  });
  return server;
}

function answer(
  message: Buffer,
  zones: readonly DnsZone[],
  transport: 'udp' | 'tcp',
  outage: 'SERVFAIL' | 'REFUSED' | undefined,
): Uint8Array | undefined {
  const query = decodeQuery(message);
  if (query === undefined) return undefined;
  const wanted = Math.max(UDP_BYTES_WITHOUT_EDNS, query.udpPayloadBytes ?? 0);
  const maxBytes = transport === 'tcp' ? MAX_TCP_BYTES : Math.min(MAX_UDP_BYTES, wanted);
  const nothing = { answers: [], authorities: [], additionals: [] };
  const zone = zones.find((candidate) => candidate.contains(query.name));
  if (outage !== undefined || zone === undefined) {
    return encodeReply(query, outage ?? 'REFUSED', nothing, maxBytes);
  }
  const found = zone.answer(query.name, query.type);
  return encodeReply(query, found.rcode, found, maxBytes);
}

async function openBoth(
  host: string,
  triesLeft: number,
): Promise<{ udp: UdpSocket; tcp: TcpServer; port: number }> {
  const tcp = createServer();
  tcp.maxConnections = MAX_TCP_CONNECTIONS;
  tcp.listen(0, host);
  await once(tcp, 'listening');
  const bound = tcp.address();
  if (bound === null || typeof bound === 'string') throw new Error('a TCP server has an address and a port');
  const udp = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  udp.bind(bound.port, host);
  try {
    await once(udp, 'listening');
  } catch (error) {
    tcp.close();
    if (triesLeft <= 1) throw error;
    return openBoth(host, triesLeft - 1);
  }
  return { udp, tcp, port: bound.port };
}

/** The messages of a TCP stream, each preceded by its length (RFC 1035 §4.2.2). */
function serveConnection(connection: Socket, reply: (message: Buffer) => Uint8Array | undefined): void {
  let received = Buffer.alloc(0);
  connection.setTimeout(TCP_IDLE_MS, () => connection.destroy());
  // The client disconnected; `close` follows.
  connection.on('error', () => connection.destroy());
  connection.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
      const end = 2 + received.readUInt16BE(0);
      const bytes = reply(received.subarray(2, end));
      received = received.subarray(end);
      if (bytes === undefined) continue;
      const prefix = Buffer.alloc(2);
      prefix.writeUInt16BE(bytes.length);
      connection.write(Buffer.concat([prefix, bytes]));
    }
  });
}
