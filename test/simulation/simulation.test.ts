import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const RUNNER = fileURLToPath(new URL('./run.ts', import.meta.url));

/** In processes of their own, as people run it: the simulation owns time, and a test runner has timers too. */
function simulated(...words: string[]): { readonly text: string; readonly exitCode: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [RUNNER, ...words], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  return { text: stdout + stderr, exitCode: status };
}

describe('the simulated world', () => {
  it('holds every invariant under the first seeds', () => {
    const { text, exitCode } = simulated('--seeds', '40');
    expect(text).toContain('no invariant broke');
    expect(exitCode).toBe(0);
  });

  it('has the same history for the same seed, byte for byte', () => {
    const digests = () =>
      simulated('--seeds', '100', '--from', '5000', '--digests', '--no-shrink').text.match(
        /^\d+ [0-9a-f]{64}$/gm,
      );
    const first = digests();
    expect(first).toHaveLength(100);
    expect(digests()).toEqual(first);
  });
});
