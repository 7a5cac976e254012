import type { Clock } from './clock.ts';
import { LinkedController } from './linked-controller.ts';
import { Signal } from './signal.ts';

/** A signal that aborts by time, or with the signals that it was linked to. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Stops the timer and the links. The code that sets a deadline must call this. */
  end(): Promise<void>;
}

/** Aborts with `reason` after `durationMs`, or with the reason of the first of `signals` that aborts. */
export function deadlineAfter(
  durationMs: number,
  clock: Clock,
  reason: Error,
  ...signals: readonly AbortSignal[]
): Deadline {
  const over = new LinkedController(...signals);
  const ended = new Signal(clock);
  const timer = ended.sleep(Math.max(0, durationMs)).then((wasEnded) => {
    if (!wasEnded) over.abort(reason);
  });
  return {
    signal: over.signal,
    end() {
      over.unlink();
      ended.notify();
      return timer;
    },
  };
}
