import { readFileSync, statSync } from 'node:fs';

/**
 * The content of a file, read again when it has changed. Each call checks the file, at most once a second. A file that
 * editors and DHCP clients replace cannot be watched reliably, and a stat costs a few microseconds.
 *
 * While the file cannot be read, its last good content is used; before the first read, `parse('')`. `onProblem` is
 * called once for each problem.
 */
export function readAgainWhenChanged<T>(
  path: string,
  parse: (text: string) => T,
  onProblem: (problem: { readonly path: string; readonly message: string }) => void,
  monotonicNow: () => number,
): () => T {
  let value: T | undefined;
  let identity = '';
  let problem = '';
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = monotonicNow();
    if (value !== undefined && nowMs - lookedAtMs < LOOK_EVERY_MS) return value;
    lookedAtMs = nowMs;
    try {
      const { ino, mtimeNs, size } = statSync(path, { bigint: true });
      const found = `${ino} ${mtimeNs} ${size}`;
      if (value === undefined || found !== identity) {
        if (size > MAX_FILE_BYTES) throw new Error(`the file is larger than ${MAX_FILE_BYTES} bytes`);
        value = parse(readFileSync(path, 'utf8'));
        identity = found;
      }
      problem = '';
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (message !== problem) onProblem({ path, message });
      problem = message;
    }
    value ??= parse('');
    return value;
  };
}

const LOOK_EVERY_MS = 1_000;
const MAX_FILE_BYTES = 16 * 1024 * 1024;
