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
