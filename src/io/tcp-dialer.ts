import type { Dialer, DialFault, DialRequest, DialResult } from '../health/dialer.ts';
import type { Clock } from '../target/clock.ts';
import { CaFiles } from './ca-files.ts';
import { CloseBudget } from './close-budget.ts';
import { DialingSocket } from './dialing-socket.ts';
import { type ConnectionHost, endSocket, faultOf, SocketConnection } from './socket-connection.ts';

/** The real network: node:net sockets, and node:tls over them. */
export class TcpDialer implements Dialer {
  readonly #host: ConnectionHost;

  constructor(clock: Pick<Clock, 'monotonicNow'>, closeBudget = new CloseBudget()) {
    this.#host = { clock, closeBudget, caFiles: new CaFiles() };
  }

  dial(request: DialRequest, signal: AbortSignal): Promise<DialResult> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const socket = new DialingSocket(signal);
      // Nothing is read before somebody asks for it.
      socket.pause();
      const connection = new SocketConnection(socket, request.address, this.#host);
      let stood = false;
      socket.onConnected = () => {
        stood = true;
        resolve({ connected: true, connection });
      };
      socket.onFailed = (error) => {
        const fault = faultOf(error);
        if (!stood && !hadConnected(fault)) {
          resolve({ connected: false, fault });
          return;
        }
        connection.breakWith(fault);
        resolve({ connected: true, connection });
      };
      socket.onAborted = (reason) => {
        connection.close();
        reject(reason);
      };
      socket.dial(request);
    });
  }

  reach(request: DialRequest, signal: AbortSignal): Promise<DialFault | undefined> {
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const socket = new DialingSocket(signal);
      socket.onConnected = () => {
        endSocket(socket, socket, this.#host);
        resolve(undefined);
      };
      socket.onFailed = (error) => {
        const fault = faultOf(error);
        resolve(hadConnected(fault) ? undefined : fault);
      };
      socket.onAborted = (reason) => {
        endSocket(socket, socket, this.#host);
        reject(reason);
      };
      socket.dial(request);
    });
  }
}

/**
 * A reset in answer to a SYN is ECONNREFUSED; ECONNRESET came after the handshake (tcp_reset in tcp_input.c), and
 * only a busy process sees it before it sees the connection.
 */
function hadConnected({ code }: DialFault): boolean {
  return code === 'ECONNRESET';
}
