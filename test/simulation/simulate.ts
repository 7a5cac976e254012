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

/** The world reaches its final state within this time: a watch that stopped silently is noticed after 300 s. */
const SETTLED_WITHIN_MS = 480_000;
const SETTLING_PERIOD_MS = 20_000;
/** As documented: a failed query is repeated within 30 seconds. */
const QUESTION_AGAIN_MS = 30_000;
/** A write that failed because its namespace was missing is repeated within this time. */
const LOOKED_AGAIN_MS = 40_000;
/** The timeout of a request without an answer. */
const REQUEST_HANGS_MS = 30_000;
/** The world is at rest when its state is final and nothing was written for this time. */
const QUIET_MS = { cronJob: 20_000, deployment: 5_000 };
const LOOK_EVERY_MS = 5_000;
/** All processes have ended within this time. */
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
  /** Passes, and the previews before them. */
  readonly passes: number;
  /** Processes of `run` that were started. */
  readonly replicas: number;
  readonly writes: number;
  readonly faults: Readonly<Record<string, number>>;
}

/** Simulates one scenario: faults, repair, convergence and rest. Stops at the first breach. */
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

/** Without faults the world must reach its final state, and then nothing may be written. */
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
    // Where part of a Service was released, our other objects are still reconciled (`docs/adr/0008`).
    if (!shared.some((key) => twice.startsWith(`${key} `)))
      checkers.report(8, `at rest in two slices: ${twice}`);
  }
  reportDifference(world, undisturbed);
}

/** A watch that stopped silently hides a list in a ConfigMap for minutes. */
function knowTheList(running: ReadonlySet<ProductProcess>, { file, scenario, workers }: World): boolean {
  if (scenario.mode === 'cronJob' || file.current.targets === undefined) return true;
  return [...running].every(({ process }) => workers.get(process)?.newestList?.text === file.current.text);
}

/** When the last hold that the faults started has ended, and the product has noticed it. */
function holdsOverMs({ file, scenario }: World): number {
  const holds = file.versions.flatMap(({ targets = [] }) =>
    targets.flatMap(({ obsoleteSeconds, notFoundSeconds }) => [obsoleteSeconds, notFoundSeconds]),
  );
  // With an empty list the last good one stays active, and no undisturbed run shows when it was applied.
  const unknownMs = file.targets.length === 0 ? REQUEST_HANGS_MS + SETTLING_PERIOD_MS : 0;
  // The product does not watch namespaces: an object that blocked a target may have been deleted with one.
  const isRemade = scenario.incidents.some((each) => each.do === 'object' && each.edit === 'deleteNamespace');
  const lookedAgainMs = isRemade ? LOOKED_AGAIN_MS : 0;
  const heldMs = (Math.max(...holds) + 2 * scenario.ttlSeconds) * 1000;
  return heldMs + noticedWithinMs(scenario) + unknownMs + lookedAgainMs;
}

/** How long until the next query, if the last answer had no TTL. */
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
