import { BoundedMap } from '../model/bounded-map.ts';
import type { Log } from '../model/log.ts';
import type { Clock } from '../time/clock.ts';

/** The same warning is logged at most this often, with the number of those left out. */
const AGAIN_MS = 60_000;

/** The most warnings that are remembered; the ones logged longest ago are forgotten first. */
const MAX_REMEMBERED = 1_000;

/**
 * A log in which a condition that goes on does not hide what is new: an API server that is away for an hour is one line
 * a minute from each caller. A line about a target reports a change, and is logged each time.
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
