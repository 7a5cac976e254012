import { describe, expect, it } from 'vitest';
import { type Crash, simulateInProcesses } from './seed-crew.ts';

const PROGRAM = new URL('../fixtures/seed-worker.ts', import.meta.url);

/** The fixture dies at seed 3, and never ends seed 5. */
async function outcomes(seeds: number): Promise<{ reported: number[]; crashes: Crash[] }> {
  const reported: number[] = [];
  const crashes: Crash[] = [];
  const tasks = Array.from({ length: seeds }, (_, at) => ({ seed: at + 1, shrinks: false }));
  await simulateInProcesses(tasks, {
    program: PROGRAM,
    words: [],
    processes: 2,
    deadlineMs: 5_000,
    onReport: ({ result }) => reported.push(result.seed),
    onCrash: (crash) => crashes.push(crash),
  });
  return { reported: reported.sort((a, b) => a - b), crashes: crashes.sort((a, b) => a.seed - b.seed) };
}

describe('simulateInProcesses', () => {
  it('loses only the seed that kills its process and the seed that never ends', async () => {
    const { reported, crashes } = await outcomes(8);
    expect(reported).toEqual([1, 2, 4, 6, 7, 8]);
    expect(crashes).toEqual([
      { seed: 3, problem: 'its process ended with 7' },
      { seed: 5, problem: 'no end within 5 s' },
    ]);
  });
});
