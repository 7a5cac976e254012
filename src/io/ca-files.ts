import { readFile, stat } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { DialFault } from '../health/dialer.ts';
import { BoundedMap } from '../model/bounded-map.ts';

/** No context: the default authorities. */
export type Trust =
  | { readonly readable: true; readonly context?: SecureContext }
  | { readonly readable: false; readonly fault: DialFault };

interface Loaded {
  readonly version: string;
  readonly trust: Trust;
}

/** More files than a sensible list names. Beyond it the file that was not used longest is read again. */
const MAX_FILES = 64;

/**
 * Certificate authorities by file. Reading a bundle takes milliseconds, a stat takes microseconds. So each handshake
 * checks whether the file has changed, and a rotated file counts at once.
 */
export class CaFiles {
  readonly #loaded = new BoundedMap<string, Loaded>(MAX_FILES);

  async trustIn(path: string | undefined): Promise<Trust> {
    if (path === undefined) return { readable: true };
    try {
      const { ino, size, mtimeMs } = await stat(path);
      const version = `${ino} ${size} ${mtimeMs}`;
      const known = this.#loaded.get(path);
      if (known?.version === version) return known.trust;
      const trust: Trust = { readable: true, context: createSecureContext({ ca: await readFile(path) }) };
      this.#loaded.set(path, { version, trust });
      return trust;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const code = 'code' in error ? `${error.code}` : 'UNKNOWN';
      return { readable: false, fault: { code, message: `${path}: ${error.message}` } };
    }
  }
}
