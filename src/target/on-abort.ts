/**
 * Callbacks by signal. An AbortSignal's own listeners are a list that is walked on each addition and each
 * removal; with ten thousand names waiting on the signal of one pass that alone would take seconds.
 */
const callbacksOf = new WeakMap<AbortSignal, Callbacks>();

/** Calls `callback` once when `signal` aborts; the returned function takes that back. The signal must not have aborted. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = callbacksOf.get(signal);
  if (callbacks === undefined) {
    callbacks = new Callbacks();
    callbacksOf.set(signal, callbacks);
    signal.addEventListener('abort', callbacks.callAll, { once: true });
  }
  return callbacks.add(callback);
}

/**
 * Places that are used again. A Set would do but for what it leaves behind: with each few hundred additions and
 * removals V8 replaces its table, and dead tables keep what stood in them, and each other, alive for a while.
 */
class Callbacks {
  readonly #places: ((() => void) | undefined)[] = [];
  readonly #free: number[] = [];

  add(callback: () => void): () => void {
    const place = this.#free.pop() ?? this.#places.length;
    this.#places[place] = callback;
    return () => {
      if (this.#places[place] !== callback) return;
      this.#places[place] = undefined;
      this.#free.push(place);
    };
  }

  readonly callAll = (): void => {
    for (const callback of this.#places.splice(0)) callback?.();
  };
}
