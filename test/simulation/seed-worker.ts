import { parseArguments } from './runner-arguments.ts';
import { scenarioOf } from './scenario/generate.ts';
import type { SeedTask } from './seed-crew.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';
import type { SeedReport } from './tally.ts';

/** A process that simulates one seed after the other, as its parent sends them, and tells it of each. */
const { story: tellsAll } = parseArguments(process.argv.slice(2), 1);

process.on('message', async (task) => {
  const report = await reportOn(task as SeedTask);
  process.send?.(report);
});

async function reportOn({ seed, shrinks }: SeedTask): Promise<SeedReport> {
  const result = await simulate(scenarioOf(seed));
  const holds = result.violations.length === 0;
  // Most of what would go from one process to the other is stories that nobody reads.
  if (holds) return { result: tellsAll ? result : { ...result, story: [] }, shrunk: undefined };
  return { result, shrunk: shrinks ? await shrink(scenarioOf(seed), result) : undefined };
}
