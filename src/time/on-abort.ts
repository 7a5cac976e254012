import { Slots } from './slots.ts';

/** An object whose method is called when a signal aborts. With thousands of them a method costs less than a closure. */
export interface AbortListener {
  onAborted(reason: unknown): void;
}

/**
 * The listeners of one signal. An AbortSignal walks the list of its own listeners on each addition and removal: with
 * ten thousand of them that alone takes seconds. So the signal has one listener here, and none while nobody waits:
 * a listener that stays would keep a long-lived signal's past callers alive.
 */
export class AbortListeners {
  readonly #signal: AbortSignal;
  readonly #listeners = new Slots<AbortListener>();

  private constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  static of(signal: AbortSignal): AbortListeners {
    const listened: ListenedSignal = signal;
    listened[LISTENERS] ??= new AbortListeners(signal);
    return listened[LISTENERS];
  }

  /** Adds a listener, which is called at most once. The signal must not have aborted. */
  add(listener: AbortListener): number {
    if (this.#listeners.isEmpty) this.#signal.addEventListener('abort', this.#callAll, { once: true });
    return this.#listeners.take(listener);
  }

  /** @param place what `add` returned. Does nothing if the listener was removed or called before. */
  remove(place: number, listener: AbortListener): void {
    if (this.#listeners.isEmpty) return;
    this.#listeners.leave(place, listener);
    if (this.#listeners.isEmpty) this.#signal.removeEventListener('abort', this.#callAll);
  }

  readonly #callAll = (): void => {
    for (const listener of this.#listeners.vacate()) listener.onAborted(this.#signal.reason);
  };
}

/**
 * On the signal itself. A WeakMap would have an entry for each of the many short-lived signals; its table grows with
 * them, and the garbage collector has to walk it.
 */
const LISTENERS = Symbol('listeners');

interface ListenedSignal extends AbortSignal {
  [LISTENERS]?: AbortListeners;
}

/** Calls `callback` once when `signal` aborts; the returned function cancels that. The signal must not have aborted. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const listeners = AbortListeners.of(signal);
  const listener = { onAborted: callback };
  const place = listeners.add(listener);
  return () => listeners.remove(place, listener);
}

/** Settles as `promise` does, or rejects with `signal.reason` if `signal` aborts first. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const leave = onAbort(signal, () => reject(signal.reason));
    promise.then(resolve, reject).finally(leave);
  });
}

/** Resolves when `signal` aborts; rejects if `failure` does first. */
export function untilAborted(signal: AbortSignal, failure: Promise<never>): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const leave = onAbort(signal, resolve);
    failure.catch(reject).finally(leave);
  });
}
