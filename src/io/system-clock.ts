import { cpuUsage } from 'node:process';
import type { Clock } from '../time/clock.ts';
import { onAbort } from '../time/on-abort.ts';

/** setTimeout's limit; a longer time would end at once. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  wallNow: () => Date.now(),
  monotonicNow: () => performance.now(),
  sleep: async (durationMs, signal) => {
    let restMs = durationMs;
    for (; restMs > MAX_TIMEOUT_MS; restMs -= MAX_TIMEOUT_MS) await sleepOnce(MAX_TIMEOUT_MS, signal);
    await sleepOnce(Math.max(0, restMs), signal);
  },
};

/** Not node:timers/promises, which takes twice as long; sleeps are frequent. */
function sleepOnce(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    let ending: NodeJS.Immediate | undefined;
    const stopListening = onAbort(signal, () => {
      clearTimeout(timer);
      clearImmediate(ending);
      reject(signal.reason);
    });
    const end = () => {
      stopListening();
      resolve();
    };
    // The event loop checks timers before sockets. A process that did not run for a while would see a time-out before
    // an answer that arrived long ago. So sockets are checked first here.
    const timer = setTimeout(() => {
      ending = setImmediate(end);
    }, durationMs);
  });
}

/** The CPU time of all threads of this process together, in milliseconds. */
export function cpuTimeOfProcess(): number {
  const { user, system } = cpuUsage();
  return (user + system) / 1_000;
}
