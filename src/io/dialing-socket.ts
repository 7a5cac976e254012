import { Socket } from 'node:net';
import type { DialRequest } from '../health/dialer.ts';
import { type AbortListener, AbortListeners } from '../time/on-abort.ts';

/**
 * A socket that connects, or is closed when a signal aborts. The events are methods and not closures: at a thousand
 * probes a second, closures cost as much as the rest of a probe without its system calls.
 */
export abstract class DialingSocket extends Socket implements AbortListener {
  readonly #listeners: AbortListeners;
  readonly #place: number;

  /** @param signal has not aborted. */
  constructor(signal: AbortSignal) {
    super();
    this.#listeners = AbortListeners.of(signal);
    this.#place = this.#listeners.add(this);
    // The listener for errors stays: an error without a listener would end the process.
    this.on('connect', connected).on('error', failed);
  }

  dial({ address, port }: DialRequest): void {
    this.connect({ host: address, port });
  }

  /** Called once when it has connected. */
  abstract onConnected(): void;

  /** Called when it fails, before or after it has connected. */
  abstract onFailed(error: Error): void;

  /** Called instead of both when the signal aborts first. */
  abstract onAborted(reason: unknown): void;

  /** The signal no longer closes this socket. */
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
