import type { Clock } from '../target/clock.ts';
import type { Log } from './log.ts';

/** Trouble that goes on is told again that often. */
const AGAIN_MS = 60_000;

/** More kinds of trouble at a time are told as they come. */
const MAX_KNOWN = 1_000;

/** A log in which the same warning comes once a minute, and says how often it was left out since. */
export function steadyLog(log: Log, clock: Clock): Log {
  const known = new Map<string, { toldMs: number; leftOut: number }>();
  return {
    info: (reason, message, fields) => log.info(reason, message, fields),
    error: (reason, message, fields) => log.error(reason, message, fields),
    warn(reason, message, fields = {}) {
      const key = `${reason} ${message}`;
      const nowMs = clock.monotonicNow();
      const before = known.get(key);
      if (before !== undefined && nowMs - before.toldMs < AGAIN_MS) {
        before.leftOut += 1;
        return;
      }
      known.delete(key);
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(key, { toldMs: nowMs, leftOut: 0 });
      const leftOut = before?.leftOut ?? 0;
      log.warn(reason, message, leftOut === 0 ? fields : { ...fields, leftOut });
    },
  };
}
