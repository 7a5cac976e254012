import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { keptScenarios } from './kept.ts';
import { MUTATIONS } from './mutants/mutations.ts';

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

  it('holds what once failed', () => {
    const { text, exitCode } = simulated('--kept');
    expect(text).not.toContain('FAILS');
    expect(text.match(/ holds: /g)).toHaveLength(keptScenarios().length);
    expect(exitCode).toBe(0);
  });

  it('notices every mistake that the product could have', () => {
    const { text, exitCode } = simulated('--mutations');
    expect(text).not.toContain('not within');
    for (const { mistake } of MUTATIONS) expect(text).toContain(`| ${mistake} |`);
    const broken = new Set(MUTATIONS.flatMap(({ breaks }) => breaks));
    expect([...broken].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
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
