import { LateWrites } from './checks/late-writes.ts';
import { duplicates } from './checks/published-state.ts';
import type { Violation } from './checks/violation.ts';
import type { Scenario } from './scenario/incident.ts';
import { givenBackInPart, rotatingTargets, Undisturbed } from './undisturbed.ts';
import { calmJob } from './world/calm-job.ts';
import { CronJob } from './world/cron-job.ts';
import { Deployment } from './world/deployment.ts';
import { Happenings, type Workload } from './world/happenings.ts';
import type { ProductProcess } from './world/product-process.ts';
import { Releases } from './world/releases.ts';
import { BusyWithoutEnd } from './world/scheduler.ts';
import { World } from './world/world.ts';

/** Within this time everything is as if nothing had happened: a watch that died in silence is noticed after 300 s. */
const SETTLED_WITHIN_MS = 480_000;
const SETTLING_PERIOD_MS = 20_000;
/** As the documentation has it: a question that comes to nothing is put again within half a minute. */
const QUESTION_AGAIN_MS = 30_000;
/** What could not be written for want of a namespace is tried again by then. */
const LOOKED_AGAIN_MS = 40_000;
/** A request that nobody answers is given up then. */
const REQUEST_HANGS_MS = 30_000;
/** The world is as it should be, and nobody has written for so long: it has come to rest. */
const QUIET_MS = { cronJob: 20_000, deployment: 5_000 };
const LOOK_EVERY_MS = 5_000;
/** Until everything that was told to end has ended. */
const ENDING_MS = 35_000;

export interface SimulationResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly story: readonly string[];
  /** Of the whole history. */
  readonly digest: string;
  readonly figures: Figures;
}

export interface Figures {
  readonly simulatedMs: number;
  readonly turns: number;
  /** Processes that came and went by themselves: passes, and the previews before them. */
  readonly passes: number;
  /** Processes of `run` that were started. */
  readonly replicas: number;
  readonly writes: number;
  readonly faults: Readonly<Record<string, number>>;
}

/** One scenario from beginning to end: disturbed, healed, settled, and at rest. Stops at the first breach. */
export async function simulate(scenario: Scenario): Promise<SimulationResult> {
  const world = new World(scenario);
  const { scheduler, checkers } = world;
  const broken = () => checkers.violations.length > 0;
  const workloads: Workload[] = [];
  const releases = new Releases(world);
  const happenings = new Happenings(world, workloads, releases);
  workloads.push(...workloadsFor(world, happenings), releases);
  try {
    await scheduler.runUntil(scenario.disturbedMs, broken);
    if (!broken()) await comeToRest(world, happenings, workloads, broken);
  } catch (error) {
    if (!(error instanceof BusyWithoutEnd)) throw error;
    checkers.report(12, error.message);
  }
  return {
    seed: scenario.seed,
    violations: checkers.violations,
    story: world.log.lines,
    digest: world.log.digest(),
    figures: figuresOf(world),
  };
}

function workloadsFor(world: World, happenings: Happenings): Workload[] {
  const { scenario, machines } = world;
  if (scenario.mode === 'deployment') {
    const places = Array.from({ length: scenario.replicas }, (_, at) => machines[at % 2 === 0 ? 0 : 1]);
    return [new Deployment(world, places, happenings.deathNow)];
  }
  return scenario.workers.map(({ machine, periodMs, offsetMs }, at) => {
    const where = machines[machine === 0 ? 0 : 1];
    const name = at === 0 ? 'sync' : 'other';
    return new CronJob(
      world,
      { name, machine: where, periodMs, offsetMs, concurrency: scenario.concurrency },
      happenings.nextDeath,
    );
  });
}

/** Nothing stands in the way any more: all becomes as it should be, and then nothing may be written. */
async function comeToRest(
  world: World,
  happenings: Happenings,
  workloads: Workload[],
  broken: () => boolean,
): Promise<void> {
  const { scheduler, cluster, checkers, scenario } = world;
  happenings.heal();
  const late = new LateWrites(cluster, scheduler);
  const undisturbed = await Undisturbed.runOf(world, happenings);
  const leaving = scenario.mode === 'cronJob' ? [...workloads] : [];
  for (const workload of leaving) workload.stop();
  if (scenario.mode === 'cronJob') workloads.push(calmJob(world, SETTLING_PERIOD_MS));

  const soonestMs = scheduler.nowMs + holdsOverMs(world);
  const isAtRest = () =>
    scheduler.nowMs >= soonestMs &&
    leaving.every(({ running }) => running.size === 0) &&
    cluster.underWay === 0 &&
    workloads.every(({ isSteady, running }) => isSteady && knowTheList(running, world)) &&
    late.quietForMs >= QUIET_MS[scenario.mode] &&
    undisturbed.difference().length === 0;
  const untilMs = scheduler.nowMs + SETTLED_WITHIN_MS;
  while (!broken() && !isAtRest() && scheduler.nowMs < untilMs) {
    await scheduler.runUntil(scheduler.nowMs + LOOK_EVERY_MS, broken);
  }
  if (!broken()) reportDifference(world, undisturbed);
  const restBeganMs = scheduler.nowMs;
  await scheduler.runUntil(restBeganMs + scenario.restMs, broken);
  const written = late.since(restBeganMs, rotatingTargets(world));
  for (const workload of workloads) workload.stop();
  await scheduler.runUntil(scheduler.nowMs + ENDING_MS, broken);
  if (broken()) return;
  for (const what of written) checkers.report(5, `nothing changed, and yet ${what}`);
  const shared = givenBackInPart(world);
  for (const twice of duplicates(cluster.core.store)) {
    // Where part of a Service was given back, the rest of ours is kept true beside it (`docs/adr/0008`).
    if (!shared.some((key) => twice.startsWith(`${key} `)))
      checkers.report(8, `at rest in two slices: ${twice}`);
  }
  reportDifference(world, undisturbed);
}

/** A watch that died in silence keeps a list for minutes from whoever follows it in a ConfigMap. */
function knowTheList(running: ReadonlySet<ProductProcess>, { file, scenario, workers }: World): boolean {
  if (scenario.mode === 'cronJob' || file.current.targets === undefined) return true;
  return [...running].every(({ process }) => workers.get(process)?.newestList?.text === file.current.text);
}

/** When the last hold that the faults began has ended, and its end was noticed. */
function holdsOverMs({ file, scenario }: World): number {
  const holds = file.versions.flatMap(({ targets = [] }) =>
    targets.flatMap(({ obsoleteSeconds, notFoundSeconds }) => [obsoleteSeconds, notFoundSeconds]),
  );
  // An empty list leaves the last one in force, and no undisturbed run tells when that one has been carried out.
  const unknownMs = file.targets.length === 0 ? REQUEST_HANGS_MS + SETTLING_PERIOD_MS : 0;
  // Nobody watches namespaces: what stood in the way of a target may have gone with one.
  const isRemade = scenario.incidents.some((each) => each.do === 'object' && each.edit === 'deleteNamespace');
  const lookedAgainMs = isRemade ? LOOKED_AGAIN_MS : 0;
  const heldMs = (Math.max(...holds) + 2 * scenario.ttlSeconds) * 1000;
  return heldMs + noticedWithinMs(scenario) + unknownMs + lookedAgainMs;
}

/** Until an answer is asked for, if the last one that came had no TTL. */
function noticedWithinMs({ mode, incidents }: Scenario): number {
  if (mode === 'cronJob') return SETTLING_PERIOD_MS;
  const hadNoAnswer = incidents.some(
    (each) =>
      each.do === 'dns' ||
      (each.do === 'cut' && each.from === 'dns') ||
      (each.do === 'name' && each.content.is === 'loop'),
  );
  return hadNoAnswer ? QUESTION_AGAIN_MS : 0;
}

function reportDifference({ checkers }: World, undisturbed: Undisturbed): void {
  const difference = undisturbed.difference();
  if (difference.length === 0) return;
  checkers.report(4, `not what an undisturbed run gives:\n    ${difference.slice(0, 12).join('\n    ')}`);
}

function figuresOf({ scheduler, log, workers, scenario }: World): Figures {
  const records = [...workers.values()];
  return {
    simulatedMs: scheduler.nowMs,
    turns: scheduler.turns,
    passes: scenario.mode === 'cronJob' ? records.length : 0,
    replicas: scenario.mode === 'deployment' ? records.length : 0,
    writes: records.reduce((sum, worker) => sum + worker.writes, 0),
    faults: Object.fromEntries([...log.faults].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
