import { Socket } from 'node:net';
import type { DialRequest } from '../health/dialer.ts';
import { Slots } from '../time/slots.ts';

/** By signal, what is to be given up when it aborts: one listener for all of them. */
const underWay = new WeakMap<AbortSignal, Slots<DialingSocket>>();

/**
 * A socket that is to connect, or to be given up when a signal aborts. What happens then are methods and no closures,
 * because a thousand times a second closures cost as much as all else that a probe does besides the system calls.
 */
export abstract class DialingSocket extends Socket {
  readonly #together: Slots<DialingSocket>;
  readonly #place: number;

  /** @param signal has not aborted. */
  constructor(signal: AbortSignal) {
    super();
    this.#together = underWay.get(signal) ?? follow(signal);
    this.#place = this.#together.take(this);
    // The listener for errors stays: an error of a socket that nobody listens to would end the process.
    this.on('connect', connected).on('error', failed);
  }

  dial({ address, port }: DialRequest): void {
    this.connect({ host: address, port });
  }

  /** Called once when it has connected. */
  abstract onConnected(): void;

  /** Called when it fails: instead, or later. */
  abstract onFailed(error: Error): void;

  /** Called instead of both when the signal aborts first. */
  abstract onAborted(reason: unknown): void;

  /** The signal is none of its business any more. */
  forgetSignal(): void {
    this.#together.leave(this.#place, this);
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

function follow(signal: AbortSignal): Slots<DialingSocket> {
  const together = new Slots<DialingSocket>();
  underWay.set(signal, together);
  const giveUp = () => {
    for (const socket of together.vacate()) socket.onAborted(signal.reason);
  };
  signal.addEventListener('abort', giveUp, { once: true });
  return together;
}
