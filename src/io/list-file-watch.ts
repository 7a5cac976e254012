import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { TargetSource } from '../config/source.ts';
import type { ListSource } from '../list/list-source.ts';
import type { Clock } from '../time/clock.ts';
import { isListFile, MAX_FILES, STDIN_PATH } from './list-files.ts';

/** An edit counts when a second look finds the same state: after 0.4 s at most. */
const LOOK_EVERY_MS = 200;

/** A file that keeps changing is read after this time anyway. */
const RESTLESS_MS = 5_000;

/** Looking takes at most a tenth of the time, whatever the number of files. */
const REST_SHARE = 10;

/**
 * Watches one `--config` argument, a file or a directory, by polling. Notifications of the kernel do not follow
 * symbolic links (kubelet swaps one to change all files of a mounted ConfigMap at once). They do not come from other
 * machines (NFS), and lose a file that an editor replaces.
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
          // A file that changed during the read may have been read in parts of two versions.
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

/** Decides from successive looks whether to read. */
class Looks {
  /** The look of the last read; undefined if that may have been during a change. */
  #read: string | undefined;
  #previous: string | undefined;
  #isStable = false;
  #changedAtMs: number | undefined;

  next(seen: string, nowMs: number): 'leave' | 'read' | 'readAnyhow' {
    const isFirst = this.#previous === undefined;
    this.#isStable = this.#previous === seen;
    this.#previous = seen;
    if (seen === this.#read) {
      this.#changedAtMs = undefined;
      return 'leave';
    }
    this.#changedAtMs ??= nowMs;
    if (nowMs - this.#changedAtMs >= RESTLESS_MS) return 'readAnyhow';
    return isFirst || this.#isStable ? 'read' : 'leave';
  }

  noteRead(seen: string): void {
    this.#read = this.#isStable ? seen : undefined;
    this.#changedAtMs = undefined;
  }
}

/** Changes whenever a file's content may have changed: another file under the name, another size, another time. */
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

/** One more than are read, which shows that there are too many. */
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
