import type { Clock } from '../time/clock.ts';
import { deadlineAfter } from '../time/deadline.ts';
import type { ApiFailure } from './object-store.ts';

/**
 * Limits a request to `durationMs`: then the result is a `Timeout` with an unknown outcome. Rejects with
 * `signal.reason`, or as `request` does.
 */
export async function withinTime<T>(
  clock: Clock,
  durationMs: number,
  signal: AbortSignal,
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T | { readonly ok: false; readonly failure: ApiFailure }> {
  const late = new Error('too late');
  const deadline = deadlineAfter(durationMs, clock, late, signal);
  try {
    return await request(deadline.signal);
  } catch (error) {
    if (error !== late) throw error;
    const message = `no answer within ${Math.round(durationMs)} ms`;
    return { ok: false, failure: { reason: 'Timeout', httpStatus: 0, message, outcomeUnknown: true } };
  } finally {
    await deadline.end();
  }
}
