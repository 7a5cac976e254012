import { setTimeout as delay, setImmediate as nextPhase } from 'node:timers/promises';
import type { Clock } from '../target/clock.ts';

/** setTimeout's limit: a longer time would fire at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  wallNow: () => Date.now(),
  monotonicNow: () => performance.now(),
  sleep: async (durationMs, signal) => {
    let restMs = Math.max(0, durationMs);
    while (restMs > MAX_TIMEOUT_MS) {
      await delay(MAX_TIMEOUT_MS, undefined, { signal });
      restMs -= MAX_TIMEOUT_MS;
    }
    try {
      await delay(restMs, undefined, { signal });
      // The event loop looks at timers before it looks at sockets: whoever was kept from running for a while would
      // see a time-out end before it sees the answer that has long been there. So sockets come first here.
      await nextPhase(undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};
