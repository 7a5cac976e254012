/**
 * Callbacks by signal. An AbortSignal's own listeners are a list that is walked on each addition and each
 * removal; with ten thousand names waiting on the signal of one pass that alone would take seconds.
 */
const callbacks = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `callback` once when `signal` aborts; the returned function takes that back. The signal must not have aborted. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const known = callbacks.get(signal);
  const set = known ?? new Set();
  if (known === undefined) {
    callbacks.set(signal, set);
    signal.addEventListener('abort', () => callAll(signal, set), { once: true });
  }
  set.add(callback);
  return () => set.delete(callback);
}

function callAll(signal: AbortSignal, set: ReadonlySet<() => void>): void {
  callbacks.delete(signal);
  for (const callback of [...set]) callback();
}
