import type { Clock } from './clock.ts';

/** A signal that aborts by time alone. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Stops the clock; whoever sets a deadline ends it. */
  end(): Promise<void>;
}

/** One for all: an Error takes its stack, and almost every deadline ends before its time. */
const ENDED = new Error('ended before its time');

/** Aborts with `reason` after `durationMs`. */
export function deadlineAfter(durationMs: number, clock: Clock, reason: Error): Deadline {
  const over = new AbortController();
  const ended = new AbortController();
  const timer = clock.sleep(Math.max(0, durationMs), ended.signal).then(
    () => over.abort(reason),
    // Sleeping can only be cut short by its signal.
    () => undefined,
  );
  return {
    signal: over.signal,
    end() {
      ended.abort(ENDED);
      return timer;
    },
  };
}
