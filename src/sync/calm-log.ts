import type { Clock } from '../target/clock.ts';
import type { Log, LogFields } from './log.ts';

/** The same line again is told at most that often, with how often it was left out meanwhile. */
const SAY_AGAIN_MS = 60_000;

/** As many lines are remembered; of more, those that were told longest ago may be told again sooner. */
const MAX_REMEMBERED = 1_000;

interface Told {
  atMs: number;
  leftOut: number;
}

/**
 * A log in which trouble that lasts does not drown what is new: an API server that is away for an hour is a few lines
 * a minute from everybody who asks it, not hundreds. What is said of a target tells of a change, and is told each time.
 */
export function calmLog(log: Log, clock: Clock): Log {
  const told = new Map<string, Told>();
  const atMost = (tell: Log['warn'], level: string): Log['warn'] => {
    return (reason, message, fields = {}) => {
      if (fields.target !== undefined) {
        tell(reason, message, fields);
        return;
      }
      const key = `${level} ${reason} ${message}`;
      const before = told.get(key);
      const nowMs = clock.monotonicNow();
      if (before !== undefined && nowMs < before.atMs + SAY_AGAIN_MS) {
        before.leftOut += 1;
        return;
      }
      // Deleted first, so that the map stays in the order of telling.
      told.delete(key);
      if (told.size >= MAX_REMEMBERED) told.delete(told.keys().next().value ?? '');
      told.set(key, { atMs: nowMs, leftOut: 0 });
      const repeated: LogFields =
        before === undefined || before.leftOut === 0 ? {} : { repeated: before.leftOut };
      tell(reason, message, { ...fields, ...repeated });
    };
  };
  return {
    info: (reason, message, fields) => log.info(reason, message, fields),
    warn: atMost((...line) => log.warn(...line), 'warn'),
    error: atMost((...line) => log.error(...line), 'error'),
  };
}
