import { parseArguments } from './runner-arguments.ts';
import { scenarioOf } from './scenario/generate.ts';
import type { SeedTask } from './seed-crew.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';
import type { SeedReport } from './tally.ts';

/** A process that simulates the seeds that its parent sends, one after the other, and reports each. */
const { story: tellsAll } = parseArguments(process.argv.slice(2), 1);

process.on('message', async (task) => {
  const report = await reportOn(task as SeedTask);
  process.send?.(report);
});

async function reportOn({ seed, shrinks }: SeedTask): Promise<SeedReport> {
  const result = await simulate(scenarioOf(seed));
  const holds = result.violations.length === 0;
  // Nobody reads the story of a seed that holds, and it is most of the message.
  if (holds) return { result: tellsAll ? result : { ...result, story: [] }, shrunk: undefined };
  return { result, shrunk: shrinks ? await shrink(scenarioOf(seed), result) : undefined };
}
