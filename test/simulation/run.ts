import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { keepScenario, keptScenarios } from './kept.ts';
import { huntAll, rowOf } from './mutants/run.ts';
import { Progress } from './progress.ts';
import { parseArguments } from './runner-arguments.ts';
import { type Crash, type CrewOptions, type SeedTask, simulateInProcesses } from './seed-crew.ts';
import { simulate } from './simulate.ts';
import { breachOf, type SeedReport, storyOf, Tally } from './tally.ts';

/** `npm run test:simulation -- --seeds 2000 --from 1`: simulates seeds in several processes, and prints the sums. */
const words = process.argv.slice(2);
const settings = parseArguments(words, availableParallelism());
const startedMs = performance.now();
const tally = new Tally();
const digests = new Map<number, string>();
const progress = new Progress(settings.seeds, startedMs, (line) => console.error(line));

if (settings.mutations) await showMutations();
else if (settings.kept) await replayKept();
else await simulateSeeds();

async function showMutations(): Promise<void> {
  const { full } = settings;
  console.log(`| mistake | notices invariant | seeds needed |${full ? ' seeds that notice |' : ''}`);
  console.log(`|---|---|---|${full ? '---|' : ''}`);
  const allNoticed = await huntAll(full, (mutation, hunted) => {
    console.log(rowOf(mutation, hunted, full));
    const { name, seed, seeds, noticedBy } = hunted;
    if (full) console.log(JSON.stringify({ mistake: name, seed, seeds, noticedBy }));
  });
  process.exitCode = allNoticed ? 0 : 1;
}

async function replayKept(): Promise<void> {
  for (const { seed, seen, scenario } of keptScenarios()) {
    const result = await simulate(scenario);
    console.log(`${seed} ${result.violations.length === 0 ? 'holds' : 'FAILS'}: ${seen}`);
    if (result.violations.length === 0) continue;
    console.log(storyOf({ result, shrunk: undefined }));
    process.exitCode = 1;
  }
}

async function simulateSeeds(): Promise<void> {
  await simulateInProcesses(everySeed(), crew({ onReport: take, onCrash: takeCrash }));
  await tellStories();
  if (settings.digests)
    for (const [seed, digest] of [...digests].sort(([a], [b]) => a - b)) console.log(`${seed} ${digest}`);
  const elapsedMs = performance.now() - startedMs;
  console.log(tally.text(elapsedMs));
  console.log(JSON.stringify({ from: settings.from, ...tally.summary(elapsedMs) }));
  process.exitCode = tally.failures.length > 0 ? 1 : 0;
}

function* everySeed(): Generator<SeedTask> {
  for (let at = 0; at < settings.seeds; at++) yield { seed: settings.from + at, shrinks: false };
}

function crew(reported: Pick<CrewOptions, 'onReport' | 'onCrash'>): CrewOptions {
  const program = new URL('./seed-worker.ts', import.meta.url);
  const processes = Math.max(1, Math.min(settings.processes, settings.seeds));
  return { program, words, processes, deadlineMs: settings.deadlineSeconds * 1000, ...reported };
}

function take(report: SeedReport): void {
  const { seed, story, digest } = report.result;
  tally.add(report);
  if (settings.digests) digests.set(seed, digest);
  if (settings.story) for (const line of story) console.log(line);
  const breach = breachOf(report);
  if (breach !== undefined)
    console.log(`seed ${seed} FAILS: invariant ${breach.invariant}: ${breach.message}`);
  progress.note(tally.seeds, tally.failures.length, performance.now());
}

function takeCrash(crash: Crash): void {
  tally.addCrash(crash);
  console.log(`seed ${crash.seed} FAILS: ${crash.problem}`);
}

/** Runs after all seeds, so that none waits for the shrinking of another one. */
async function tellStories(): Promise<void> {
  const tell = (report: SeedReport) => {
    console.log(`\n${storyOf(report)}\n`);
    if (settings.keep) console.log(`kept: ${fileURLToPath(keepScenario(report))}`);
  };
  if (!settings.shrink) {
    tally.reported.forEach(tell);
    return;
  }
  const tasks = tally.reported.map(({ result }) => ({ seed: result.seed, shrinks: true }));
  const unshrunk = ({ seed }: Crash) => {
    for (const report of tally.reported) if (report.result.seed === seed) tell(report);
  };
  await simulateInProcesses(tasks, crew({ onReport: tell, onCrash: unshrunk }));
}
