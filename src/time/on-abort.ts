import { Slots } from './slots.ts';

/**
 * Callbacks by signal. An AbortSignal's own listeners are a list that is walked on each addition and each
 * removal; with ten thousand names waiting on the signal of one pass that alone would take seconds.
 */
const callbacksOf = new WeakMap<AbortSignal, Slots<() => void>>();

/** Calls `callback` once when `signal` aborts; the returned function takes that back. The signal must not have aborted. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = callbacksOf.get(signal) ?? follow(signal);
  const place = callbacks.take(callback);
  return () => callbacks.leave(place, callback);
}

function follow(signal: AbortSignal): Slots<() => void> {
  const callbacks = new Slots<() => void>();
  callbacksOf.set(signal, callbacks);
  const callAll = () => {
    for (const callback of callbacks.vacate()) callback();
  };
  signal.addEventListener('abort', callAll, { once: true });
  return callbacks;
}
