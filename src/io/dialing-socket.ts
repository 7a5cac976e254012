import { Socket } from 'node:net';
import type { DialRequest } from '../health/dialer.ts';
import { type AbortListener, AbortListeners } from '../time/on-abort.ts';

/**
 * A socket that is to connect, or to be given up when a signal aborts. What happens then are methods and no closures,
 * because a thousand times a second closures cost as much as all else that a probe does besides the system calls.
 */
export abstract class DialingSocket extends Socket implements AbortListener {
  readonly #listeners: AbortListeners;
  readonly #place: number;

  /** @param signal has not aborted. */
  constructor(signal: AbortSignal) {
    super();
    this.#listeners = AbortListeners.of(signal);
    this.#place = this.#listeners.add(this);
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
    this.#listeners.remove(this.#place, this);
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
