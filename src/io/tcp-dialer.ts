import { connect } from 'node:net';
import type { Dialer, DialRequest, DialResult } from '../health/dialer.ts';
import type { Clock } from '../target/clock.ts';
import { CaFiles } from './ca-files.ts';
import { CloseBudget } from './close-budget.ts';
import { type ConnectionHost, faultOf, SocketConnection } from './socket-connection.ts';

/** The real network: node:net sockets, and node:tls over them. */
export class TcpDialer implements Dialer {
  readonly #host: ConnectionHost;

  constructor(clock: Pick<Clock, 'monotonicNow'>, closeBudget = new CloseBudget()) {
    this.#host = { clock, closeBudget, caFiles: new CaFiles() };
  }

  dial(request: DialRequest, signal: AbortSignal): Promise<DialResult> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const socket = connect({ host: request.address, port: request.port });
      const connection = new SocketConnection(socket, request.address, this.#host);
      const abort = () => {
        connection.close();
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort);
      socket.on('connect', () => {
        signal.removeEventListener('abort', abort);
        resolve({ connected: true, connection });
      });
      // This listener stays: an error of a socket that nobody listens to would end the process.
      socket.on('error', (error) => {
        signal.removeEventListener('abort', abort);
        const fault = faultOf(error);
        // A reset in answer to a SYN is ECONNREFUSED; ECONNRESET came after the handshake (tcp_reset in
        // tcp_input.c), and only a busy process sees it before it sees the connection.
        if (fault.code === 'ECONNRESET') connection.breakWith(fault);
        resolve(fault.code === 'ECONNRESET' ? { connected: true, connection } : { connected: false, fault });
      });
    });
  }
}
