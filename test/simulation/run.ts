import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { keptSeeds, keptText } from './kept.ts';
import { huntAll, rowOf } from './mutants/run.ts';
import { parseArguments } from './runner-arguments.ts';
import { simulate } from './simulate.ts';
import { type SeedReport, storyOf, Tally } from './tally.ts';

/** `npm run test:simulation -- --seeds 2000 --from 1`: seeds over several processes, then what they came to. */
const words = process.argv.slice(2);
const settings = parseArguments(words, availableParallelism());
const processes = Math.max(1, Math.min(settings.processes, settings.seeds));
const startedMs = performance.now();
const tally = new Tally();
const digests = new Map<number, string>();

if (settings.mutations) await showMutations();
else if (settings.kept) await replayKept();
else await simulateSeeds();

async function showMutations(): Promise<void> {
  console.log('| mistake | invariant | seeds |\n|---|---|---|');
  const allNoticed = await huntAll((mutation, hunted) => console.log(rowOf(mutation, hunted)));
  process.exitCode = allNoticed ? 0 : 1;
}

async function replayKept(): Promise<void> {
  for (const { seed, found, scenario } of keptSeeds()) {
    const result = await simulate(scenario);
    console.log(`${seed} ${result.violations.length === 0 ? 'holds' : 'FAILS'}: ${found}`);
    if (result.violations.length === 0) continue;
    console.log(storyOf({ result, shrunk: undefined }));
    process.exitCode = 1;
  }
}

async function simulateSeeds(): Promise<void> {
  await Promise.all(Array.from({ length: processes }, (_, place) => runPlace(place)));
  if (settings.digests)
    for (const [seed, digest] of [...digests].sort(([a], [b]) => a - b)) console.log(`${seed} ${digest}`);
  console.log(tally.text(performance.now() - startedMs));
  process.exitCode = tally.failed.length > 0 || tally.seeds < settings.seeds ? 1 : 0;
}

function runPlace(place: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const path = fileURLToPath(new URL('./seed-worker.ts', import.meta.url));
    const child = fork(path, [String(place), ...words, '--processes', String(processes)], {
      serialization: 'advanced',
    });
    child.on('message', (report) => take(report as SeedReport));
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`a process of the simulation ended with ${signal ?? code}`));
    });
  });
}

function take(report: SeedReport): void {
  tally.add(report);
  digests.set(report.result.seed, report.result.digest);
  if (settings.story) for (const line of report.result.story) console.log(line);
  if (report.result.violations.length === 0) return;
  console.log(`\n${storyOf(report)}\n`);
  if (settings.keep) console.log(keptText(report));
}
