import type { ApiFailure } from '../cluster/object-store.ts';
import type { Clock } from '../time/clock.ts';
import { deadlineAfter } from '../time/deadline.ts';
import type { OnProgress } from './observer.ts';
import { type OncePorts, type OnceRequest, type OnceResult, runOnce } from './once.ts';

/** The time that `--timeout` gives one run, from reading its list to saving its state. Runs from the beginning. */
export class RunTime {
  readonly timeoutMs: number;
  readonly #clock: Clock;
  readonly #startedMs: number;

  constructor(timeoutMs: number, clock: Clock) {
    this.timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#startedMs = clock.monotonicNow();
  }

  get leftMs(): number {
    return Math.max(0, this.timeoutMs - (this.#clock.monotonicNow() - this.#startedMs));
  }

  /** Does `work` under a signal that aborts with `signal` or when the time is over, which is a failure like others. */
  async bound<T>(
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | { readonly ok: false; readonly failure: ApiFailure }> {
    const deadline = deadlineAfter(this.leftMs, this.#clock, new RunTimeout(this.timeoutMs), signal);
    try {
      return await work(deadline.signal);
    } catch (error) {
      if (!(error instanceof RunTimeout)) throw error;
      const { message } = error;
      return { ok: false, failure: { reason: 'Timeout', httpStatus: 0, message, outcomeUnknown: true } };
    } finally {
      await deadline.end();
    }
  }
}

class RunTimeout extends Error {
  constructor(timeoutMs: number) {
    super(`the pass did not end within ${timeoutMs / 1000} s (--timeout)`);
  }
}

/** Of the time that is left when the list has been read, when each part of a run is over; the rest is for the state. */
const RESOLVED_BY = 0.4;
const PROBED_BY = 0.7;
const WRITTEN_BY = 0.9;

/** One run within the time that is left. */
export function runInTime(
  request: Omit<OnceRequest, 'resolvingTimeoutMs' | 'probingTimeoutMs' | 'writingTimeoutMs'>,
  time: RunTime,
  ports: OncePorts,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<OnceResult> {
  const { leftMs } = time;
  const inTime = {
    ...request,
    resolvingTimeoutMs: leftMs * RESOLVED_BY,
    probingTimeoutMs: leftMs * PROBED_BY,
    writingTimeoutMs: leftMs * WRITTEN_BY,
  };
  return time.bound((until) => runOnce(inTime, ports, onProgress, until), signal);
}
