import { spawnSync } from 'node:child_process';
import { missing, programPath } from './real-peer.ts';

/** Of 198.18.0.0/15, which RFC 2544 sets aside for benchmarks and no API server rejects. */
const NETWORK = '198.18.0';
const HOSTS = 254;

/** Why backends can have no address on this machine, as a message; undefined if they can. */
export function noBackendAddresses(): string | undefined {
  return missing(['ip'], { root: true });
}

/**
 * Addresses of this machine that an API server accepts as endpoints. It rejects loopback addresses, so these are added to
 * `lo`, which needs root: see {@link noBackendAddresses}.
 */
export class BackendAddresses implements Disposable {
  readonly #taken: string[] = [];

  /** Adds another address that is free on this machine. */
  take(): string {
    const start = process.pid % HOSTS;
    for (let tries = 0; tries < HOSTS; tries++) {
      const address = `${NETWORK}.${((start + tries) % HOSTS) + 1}`;
      // Adding it shows whether it is free: of two processes that try at once, only one succeeds.
      if (changeLoopback('add', address)) {
        this.#taken.push(address);
        return address;
      }
    }
    throw new Error(`no address of ${NETWORK}.0/24 is free on lo`);
  }

  [Symbol.dispose](): void {
    for (const address of this.#taken.splice(0)) changeLoopback('del', address);
  }
}

function changeLoopback(action: 'add' | 'del', address: string): boolean {
  const result = spawnSync(programPath('ip') ?? 'ip', ['addr', action, `${address}/32`, 'dev', 'lo'], {
    encoding: 'utf8',
  });
  if (result.status === 0) return true;
  if (action === 'add' && /File exists|already assigned/.test(result.stderr)) return false;
  throw new Error(`ip addr ${action} ${address}: ${result.stderr}`);
}
