import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TargetSource } from '../config/source.ts';
import type { ListSource } from '../list/list-source.ts';
import type { Clock } from '../time/clock.ts';
import { isListFile, MAX_FILES, STDIN_PATH } from './list-files.ts';

/** An edit counts when a second look finds it as the first did: 0.4 s at most. */
const LOOK_EVERY_MS = 200;

/** What goes on changing is read all the same after this time. */
const RESTLESS_MS = 5_000;

/** Looking takes at most a tenth of the time, however many files there are. */
const REST_SHARE = 10;

/**
 * Follows one `--config` argument, a file or a directory. By looking, because notifications of the kernel do not
 * follow symbolic links (kubelet swaps one to change all files of a mounted ConfigMap at once), do not come from
 * other machines (NFS), and lose their file when an editor saves by renaming.
 */
export function followListFile(path: string, source: TargetSource, clock: Clock): ListSource {
  return {
    name: path,
    async run(onParts, signal) {
      const looks = new Looks();
      for (;;) {
        const nowMs = clock.monotonicNow();
        const seen = await fingerprintOf(path);
        const tookMs = clock.monotonicNow() - nowMs;
        const verdict = looks.next(seen, nowMs);
        if (verdict !== 'leave') {
          const parts = await source.read(signal);
          // What changed while it was read may have been read by halves.
          if (verdict === 'readAnyhow' || (await fingerprintOf(path)) === seen) {
            onParts(parts);
            looks.noteRead(seen);
          }
        }
        await clock.sleep(Math.max(LOOK_EVERY_MS, tookMs * REST_SHARE), signal);
      }
    },
  };
}

/** What one look after the other says of whether there is something to read. */
class Looks {
  /** The look of what was read; undefined when that may have been in the middle of a change. */
  #read: string | undefined;
  #previous: string | undefined;
  #isSettled = false;
  #changedAtMs: number | undefined;

  next(seen: string, nowMs: number): 'leave' | 'read' | 'readAnyhow' {
    const isFirst = this.#previous === undefined;
    this.#isSettled = this.#previous === seen;
    this.#previous = seen;
    if (seen === this.#read) {
      this.#changedAtMs = undefined;
      return 'leave';
    }
    this.#changedAtMs ??= nowMs;
    if (nowMs - this.#changedAtMs >= RESTLESS_MS) return 'readAnyhow';
    return isFirst || this.#isSettled ? 'read' : 'leave';
  }

  noteRead(seen: string): void {
    this.#read = this.#isSettled ? seen : undefined;
    this.#changedAtMs = undefined;
  }
}

/** Changes whenever a file's content may have: another file under the name, another size, another time. */
async function fingerprintOf(path: string): Promise<string> {
  if (path === STDIN_PATH) return '';
  const { print, isDirectory } = await look(path);
  if (!isDirectory) return print;
  const names = await listFilesIn(path);
  const prints = await Promise.all(names.map((name) => look(join(path, name))));
  return names.map((name, at) => `${name} ${prints[at]?.print}`).join('\n');
}

async function look(path: string): Promise<{ readonly print: string; readonly isDirectory: boolean }> {
  try {
    const found = await stat(path, { bigint: true });
    const { dev, ino, size, mtimeNs, ctimeNs } = found;
    return { print: [dev, ino, size, mtimeNs, ctimeNs].join(' '), isDirectory: found.isDirectory() };
  } catch (error) {
    return { print: codeOf(error), isDirectory: false };
  }
}

/** As many as are read: one more tells that there are too many. */
async function listFilesIn(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path))
      .filter(isListFile)
      .toSorted()
      .slice(0, MAX_FILES + 1);
  } catch (error) {
    return [codeOf(error)];
  }
}

/** Only errors of the file system are expected here. */
function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  throw error;
}
