/**
 * Time as a port, with two clocks. The wall clock gives the time for logs and objects. The monotonic clock measures
 * how long something took, and it alone decides: a wall clock jumps when it is set, and no backend fails because of
 * that.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump in either direction. */
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
