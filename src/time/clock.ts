/**
 * Time as a port. Two clocks, because they answer two questions: the wall clock says what to write in a
 * log or an object, the monotonic clock says how long something took. Only the second may decide
 * anything: a wall clock jumps by hours when somebody corrects it, and no backend died of that.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump either way. */
  wallNow(): number;
  /** Milliseconds since an arbitrary origin of this process. Never goes back. */
  monotonicNow(): number;
  /** Resolves after `durationMs`; rejects with `signal.reason` as soon as `signal` aborts. */
  sleep(durationMs: number, signal: AbortSignal): Promise<void>;
}

/** One moment on both clocks, read together. */
export interface Instant {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export function instantOf(clock: Clock): Instant {
  return { wallMs: clock.wallNow(), monotonicMs: clock.monotonicNow() };
}
