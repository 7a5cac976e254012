import { BoundedMap } from '../model/bounded-map.ts';
import type { Log } from '../model/log.ts';
import type { Clock } from '../time/clock.ts';

/** The same warning is told at most that often, with how often it was left out meanwhile. */
const AGAIN_MS = 60_000;

/** So many warnings are remembered; of more, those that were told longest ago may be told again sooner. */
const MAX_REMEMBERED = 1_000;

/**
 * A log in which trouble that goes on does not drown what is new: an API server that is away for an hour is a line a
 * minute from each who asks it. What is said of a target tells of a change, and is told each time.
 */
export function steadyLog(log: Log, clock: Clock): Log {
  const reported = new BoundedMap<string, { readonly atMs: number; leftOut: number }>(MAX_REMEMBERED);
  return {
    info: (reason, message, fields) => log.info(reason, message, fields),
    error: (reason, message, fields) => log.error(reason, message, fields),
    warn(reason, message, fields = {}) {
      if (fields.target !== undefined) {
        log.warn(reason, message, fields);
        return;
      }
      const key = `${reason} ${message}`;
      const nowMs = clock.monotonicNow();
      const before = reported.get(key);
      if (before !== undefined && nowMs - before.atMs < AGAIN_MS) {
        before.leftOut += 1;
        return;
      }
      reported.set(key, { atMs: nowMs, leftOut: 0 });
      const leftOut = before?.leftOut ?? 0;
      log.warn(reason, message, leftOut === 0 ? fields : { ...fields, leftOut });
    },
  };
}
