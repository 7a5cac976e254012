import { Socket } from 'node:net';
import type { DialRequest } from '../health/dialer.ts';

const ignore = () => undefined;

/** By signal, what is to be given up when it aborts: one listener for all of them. */
const underWay = new WeakMap<AbortSignal, Set<DialingSocket>>();

/**
 * A socket that is to connect, or to be given up when a signal aborts. It keeps what handlers usually have closures
 * for, because a thousand times a second those cost as much as all else that a probe does besides the system calls.
 */
export class DialingSocket extends Socket {
  /** Called once when it has connected. */
  onConnected: () => void = ignore;
  /** Called when it fails: instead, or later. */
  onFailed: (error: Error) => void = ignore;
  /** Called instead of both when the signal aborts first. */
  onAborted: (reason: unknown) => void = ignore;
  readonly #together: Set<DialingSocket>;

  /** @param signal has not aborted. */
  constructor(signal: AbortSignal) {
    super();
    this.#together = underWay.get(signal) ?? follow(signal);
    this.#together.add(this);
    // The listener for errors stays: an error of a socket that nobody listens to would end the process.
    this.on('connect', connected).on('error', failed);
  }

  dial({ address, port }: DialRequest): void {
    this.connect({ host: address, port });
  }

  /** The signal is none of its business any more. */
  forgetSignal(): void {
    this.#together.delete(this);
  }
}

function connected(this: DialingSocket): void {
  this.forgetSignal();
  this.onConnected();
}

function failed(this: DialingSocket, error: Error): void {
  this.forgetSignal();
  this.onFailed(error);
}

function follow(signal: AbortSignal): Set<DialingSocket> {
  const together = new Set<DialingSocket>();
  underWay.set(signal, together);
  const giveUp = () => {
    for (const socket of together) {
      together.delete(socket);
      socket.onAborted(signal.reason);
    }
  };
  signal.addEventListener('abort', giveUp, { once: true });
  return together;
}
