import { connect, type Socket } from 'node:net';
import {
  type DnsExchange,
  type DnsTransport,
  MAX_TCP_REPLY_BYTES,
  type TcpResult,
} from '../dns/transport.ts';
import { onAbort } from '../time/on-abort.ts';
import { createUdpExchanger } from './dns-udp.ts';

/** A message over TCP starts with its length in two octets (RFC 1035 §4.2.2). */
const PREFIX_BYTES = 2;

/** DNS over real sockets. */
export function createDnsTransport(): DnsTransport {
  return { exchangeUdp: createUdpExchanger(), exchangeTcp: exchangeOverTcp };
}

/** One connection, one query, one reply. */
function exchangeOverTcp(exchange: DnsExchange, signal: AbortSignal): Promise<TcpResult> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const { address, port } = exchange.server;
    const socket = connect({ host: address, port });
    const end = () => {
      clearTimeout(timer);
      forget();
      socket.destroy();
    };
    const finish = (result: TcpResult) => {
      end();
      resolve(result);
    };
    const timer = setTimeout(() => finish({ outcome: 'timeout' }), exchange.timeoutMs);
    const forget = onAbort(signal, () => {
      end();
      reject(signal.reason);
    });
    socket.once('connect', () => socket.write(framed(exchange.query)));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      finish({ outcome: 'unreachable', code: error.code ?? error.message }),
    );
    socket.once('end', () => finish({ outcome: 'cutShort' }));
    readOneMessage(socket, finish);
  });
}

function framed(message: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame.writeUInt16BE(message.length);
  frame.set(message, PREFIX_BYTES);
  return frame;
}

function readOneMessage(socket: Socket, finish: (result: TcpResult) => void): void {
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  let announcedBytes: number | undefined;
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    receivedBytes += chunk.length;
    if (receivedBytes < PREFIX_BYTES) return;
    announcedBytes ??= Buffer.concat(chunks).readUInt16BE(0);
    const end = PREFIX_BYTES + announcedBytes;
    if (announcedBytes > MAX_TCP_REPLY_BYTES) finish({ outcome: 'tooLong', announcedBytes });
    else if (receivedBytes >= end) {
      finish({ outcome: 'received', message: Buffer.concat(chunks).subarray(PREFIX_BYTES, end) });
    }
  });
}
