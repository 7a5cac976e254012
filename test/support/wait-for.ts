import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** Ten seconds, if it is not given. */
  readonly deadlineMs?: number;
  /** Between two looks. */
  readonly everyMs?: number;
}

/** Waits until a condition holds. Fails at the deadline, with what it waited for. */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
  { deadlineMs = 10_000, everyMs = 20 }: WaitOptions = {},
): Promise<void> {
  const startedMs = performance.now();
  while (!(await condition())) {
    if (performance.now() - startedMs > deadlineMs)
      throw new Error(`timed out after ${deadlineMs / 1000} s: waiting for ${what}`);
    await delay(everyMs);
  }
}

export interface StillOptions extends WaitOptions {
  /** How long the reading must not change. */
  readonly stillMs: number;
}

/** Reads again and again until the reading has not changed for a while, and returns it. Fails at the deadline. */
export async function untilStill<T>(
  what: string,
  read: () => T | Promise<T>,
  { stillMs, ...options }: StillOptions,
): Promise<T> {
  let last = await read();
  let text = JSON.stringify(last);
  let sinceMs = performance.now();
  const isStill = async () => {
    last = await read();
    const next = JSON.stringify(last);
    if (next !== text) sinceMs = performance.now();
    text = next;
    return performance.now() - sinceMs >= stillMs;
  };
  await waitFor(`${what} to stop changing`, isStill, { everyMs: Math.max(20, stillMs / 10), ...options });
  return last;
}
