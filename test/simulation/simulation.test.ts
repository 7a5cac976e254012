import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { keptScenarios } from './kept.ts';
import { MUTATIONS } from './mutants/mutations.ts';

const RUNNER = fileURLToPath(new URL('./run.ts', import.meta.url));

/** Runs the simulation as a process, as people do: it controls time, and a test runner has timers of its own. */
function simulated(...words: string[]): { readonly text: string; readonly exitCode: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [RUNNER, ...words], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  return { text: stdout + stderr, exitCode: status };
}

describe('the simulation', () => {
  it('holds every invariant for the first 40 seeds', () => {
    const { text, exitCode } = simulated('--seeds', '40');
    expect(text).toContain('no invariant broke');
    expect(exitCode).toBe(0);
  });

  it('holds every invariant for every kept scenario', () => {
    const { text, exitCode } = simulated('--kept');
    expect(text).not.toContain('FAILS');
    expect(text.match(/ holds: /g)).toHaveLength(keptScenarios().length);
    expect(exitCode).toBe(0);
  });

  it('notices every mutation within its seeds', () => {
    const { text, exitCode } = simulated('--mutations');
    expect(text).not.toContain('not within');
    for (const { mistake } of MUTATIONS) expect(text).toContain(`| ${mistake} |`);
    expect(exitCode).toBe(0);
  });

  it('gives the same history for the same seed, byte for byte', () => {
    const digests = () =>
      simulated('--seeds', '100', '--from', '5000', '--digests', '--no-shrink').text.match(
        /^\d+ [0-9a-f]{64}$/gm,
      );
    const first = digests();
    expect(first).toHaveLength(100);
    expect(digests()).toEqual(first);
  });
});
