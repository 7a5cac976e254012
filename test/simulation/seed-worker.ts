import { parseArguments } from './runner-arguments.ts';
import { scenarioOf } from './scenario/generate.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';
import type { SeedReport } from './tally.ts';

/** Simulates every P-th seed of a range and tells its parent of each. Its arguments are the parent's, and its place. */
const [place = '0', ...words] = process.argv.slice(2);
const { from, seeds, processes, shrink: shrinks } = parseArguments(words, 1);

for (let seed = from + Number(place); seed < from + seeds; seed += processes) {
  const report = await reportOn(seed);
  await new Promise<void>((resolve, reject) => {
    process.send?.(report, (error: Error | null) => (error === null ? resolve() : reject(error)));
  });
}
process.disconnect?.();

async function reportOn(seed: number): Promise<SeedReport> {
  const result = await simulate(scenarioOf(seed));
  if (result.violations.length === 0) return { result, shrunk: undefined };
  if (!shrinks) return { result, shrunk: undefined };
  return { result, shrunk: await shrink(scenarioOf(seed), result) };
}
