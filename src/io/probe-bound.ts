import { existsSync, readFileSync } from 'node:fs';

/**
 * With ten thousand checks every ten seconds and a third of their hosts just gone silent, 1,700 probes are in flight
 * for a while (`npm run bench probe`). With fewer slots, checks of healthy hosts would wait for dead ones.
 */
const ENOUGH = 2_048;

/** The default limit of open files on Linux. */
const USUAL_OPEN_FILES = 1_024;

/** The limit of probes in flight: half of the files that this process may open. The API server needs some too. */
export function probeBound(openFiles = openFilesLimit()): number {
  return Math.max(1, Math.min(ENOUGH, Math.floor(openFiles / 2)));
}

/** The current limit; Node raises its own to the hard limit at the start. On other systems, the usual one. */
function openFilesLimit(): number {
  const path = '/proc/self/limits';
  return existsSync(path) ? limitIn(readFileSync(path, 'utf8')) : USUAL_OPEN_FILES;
}

/** Reads the soft limit from proc(5)'s `limits`. */
export function limitIn(limits: string): number {
  const soft = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits)?.[1];
  if (soft === undefined) return USUAL_OPEN_FILES;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
