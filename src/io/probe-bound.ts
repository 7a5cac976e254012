import { existsSync, readFileSync } from 'node:fs';

/**
 * Ten thousand checks every ten seconds, a third of whose hosts have just gone dark, have some 1,700 in flight
 * for a while (`npm run bench probe`): with fewer places the living would wait for the dead.
 */
const ENOUGH = 2_048;

/** The least that Linux gives a process unless somebody says otherwise. */
const USUAL_OPEN_FILES = 1_024;

/** How many probes may be in flight: half of the files that this process may open, the API server needs some too. */
export function probeBound(openFiles = openFilesLimit()): number {
  return Math.max(1, Math.min(ENOUGH, Math.floor(openFiles / 2)));
}

/** The limit in force: Node raises its own to the hard one at the start. Elsewhere than on Linux, the usual one. */
function openFilesLimit(): number {
  const path = '/proc/self/limits';
  return existsSync(path) ? limitIn(readFileSync(path, 'utf8')) : USUAL_OPEN_FILES;
}

/** Reads the soft limit from what proc(5) shows under `limits`. */
export function limitIn(limits: string): number {
  const soft = /^Max open files\s+(\d+|unlimited)\s/m.exec(limits)?.[1];
  if (soft === undefined) return USUAL_OPEN_FILES;
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
