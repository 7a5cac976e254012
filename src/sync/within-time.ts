import type { Clock } from '../target/clock.ts';
import type { ApiFailure } from './object-store.ts';

/**
 * The outcome of `request`, or a `Timeout` with an outcome that nobody knows after `durationMs`. Rejects with
 * `signal.reason`, or whatever else `request` rejects with.
 */
export async function withinTime<T>(
  clock: Clock,
  durationMs: number,
  signal: AbortSignal,
  request: (signal: AbortSignal) => Promise<T>,
): Promise<T | { readonly ok: false; readonly failure: ApiFailure }> {
  const late = new Error('too late');
  const over = new AbortController();
  const done = new AbortController();
  const timer = clock.sleep(Math.max(0, durationMs), done.signal).then(
    () => over.abort(late),
    () => undefined,
  );
  try {
    return await request(AbortSignal.any([signal, over.signal]));
  } catch (error) {
    if (error !== late) throw error;
    const message = `no answer within ${Math.round(durationMs)} ms`;
    return { ok: false, failure: { reason: 'Timeout', httpStatus: 0, message, outcomeUnknown: true } };
  } finally {
    done.abort();
    await timer;
  }
}
