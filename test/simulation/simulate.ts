import { duplicates, othersServices, publishedState } from './checks/published-state.ts';
import { countsAnswers } from './checks/remembered-answers.ts';
import type { Violation } from './checks/violation.ts';
import type { Scenario } from './scenario/incident.ts';
import { keyOfSpec, type TargetSpec } from './scenario/target-spec.ts';
import { CronJob } from './world/cron-job.ts';
import { Deployment } from './world/deployment.ts';
import type { DeathPlan } from './world/fate.ts';
import { Happenings, type Workload, withoutIncidents } from './world/happenings.ts';
import { BusyWithoutEnd } from './world/scheduler.ts';
import { World } from './world/world.ts';

/** Longer than every hold of a scenario, so that nothing is left of what faults have done. */
const SETTLING_MS = { cronJob: 300_000, deployment: 150_000 };
const SETTLING_PERIOD_MS = 30_000;
/** A world at rest, in which nothing may be written. */
const RESTING_MS = { cronJob: 100_000, deployment: 60_000 };
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
  /** Passes, and replicas that were started. */
  readonly processes: number;
  readonly writes: number;
  readonly faults: Readonly<Record<string, number>>;
}

/** One scenario from beginning to end: disturbed, healed, settled, and at rest. Stops at the first breach. */
export async function simulate(scenario: Scenario): Promise<SimulationResult> {
  const world = new World(scenario);
  const { scheduler, judge } = world;
  const broken = () => judge.violations.length > 0;
  const workloads: Workload[] = [];
  const happenings = new Happenings(world, workloads);
  workloads.push(...workloadsFor(world, happenings));
  try {
    await scheduler.runUntil(scenario.disturbedMs, broken);
    if (!broken()) {
      happenings.heal();
      await settle(world, workloads, broken);
    }
    if (!broken()) await compareWithUndisturbed(world, happenings);
  } catch (error) {
    if (!(error instanceof BusyWithoutEnd)) throw error;
    judge.report(12, error.message);
  }
  return {
    seed: scenario.seed,
    violations: judge.violations,
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

/** Nothing stands in the way any more: all comes to rest, and then nothing may be written. */
async function settle(world: World, workloads: Workload[], broken: () => boolean): Promise<void> {
  const { scheduler, cluster, judge, scenario } = world;
  if (scenario.mode === 'cronJob') {
    for (const workload of workloads) workload.stop();
    workloads.push(calmJob(world, 'calm'));
  }
  await scheduler.runUntil(scheduler.nowMs + SETTLING_MS[scenario.mode], broken);
  if (broken()) return;
  const revision = cluster.core.store.revision;
  await scheduler.runUntil(scheduler.nowMs + RESTING_MS[scenario.mode], broken);
  if (broken()) return;
  const sinceThen = cluster.core.store.changesSince(revision);
  for (const workload of workloads) workload.stop();
  await scheduler.runUntil(scheduler.nowMs + ENDING_MS, broken);
  if (broken()) return;
  for (const change of sinceThen) {
    if (change.resource === 'leases') continue;
    if (change.resource === 'configmaps' && countsAnswers((change.before ?? change.stored).object)) continue;
    judge.report(
      5,
      `nothing changed, and yet ${change.resource} ${change.stored.key} was ${change.type.toLowerCase()}`,
    );
  }
  for (const twice of duplicates(cluster.core.store)) judge.report(8, `at rest in two slices: ${twice}`);
}

function calmJob(world: World, name: string): CronJob {
  const rhythm = { name, periodMs: SETTLING_PERIOD_MS, offsetMs: 1_000, concurrency: 'Forbid' } as const;
  return new CronJob(
    world,
    { ...rhythm, machine: world.machines[0] },
    (): DeathPlan | undefined => undefined,
  );
}

/** The same list, names and hosts, without anything ever having gone wrong. */
async function compareWithUndisturbed(world: World, happenings: Happenings): Promise<void> {
  const { scenario, file } = world;
  // An empty list is a broken one: everything stays.
  if (file.targets.length === 0) return;
  const undisturbed = new World({
    ...withoutIncidents(scenario),
    targets: file.targets.map((target) => ({ ...target, adopt: target.adopt || wasAdopted(world, target) })),
    names: happenings.settledNames(),
    latencyMs: [1, 5],
  });
  for (const [address, mode] of world.hosts.all()) undisturbed.hosts.set(address, mode);
  const job = calmJob(undisturbed, 'calm');
  await undisturbed.scheduler.runUntil(SETTLING_PERIOD_MS * 5);
  job.stop();
  const excluded = new Set([
    ...othersServices(world.cluster.core.store),
    ...withoutService(world),
    ...madeByOthers(world),
  ]);
  const comparable = (fact: string) => !excluded.has(keyOfFact(fact));
  const mayBeHeld = rotatingTargets(world);
  const expected = publishedState(undisturbed.cluster.core.store).filter(comparable);
  const actual = publishedState(world.cluster.core.store).filter(comparable);
  const missing = expected.filter((fact) => !actual.includes(fact));
  const surplus = actual.filter((fact) => !expected.includes(fact) && !mayBeHeld.has(keyOfFact(fact)));
  if (missing.length + surplus.length === 0) return;
  const difference = [...missing.map((fact) => `- ${fact}`), ...surplus.map((fact) => `+ ${fact}`)];
  world.judge.report(4, `not what an undisturbed run gives:\n    ${difference.slice(0, 12).join('\n    ')}`);
}

function keyOfFact(fact: string): string {
  return fact.slice(0, fact.indexOf(' '));
}

/** What stood there before, and nobody wanted adopted: it became ours only if its Service was once gone. */
function madeByOthers(world: World): string[] {
  const { scenario, file } = world;
  const wanted = new Set(
    file.targets.filter((target) => target.adopt || wasAdopted(world, target)).map(keyOfSpec),
  );
  return scenario.handMade.map(({ key }) => key).filter((key) => !wanted.has(key));
}

/** What was taken over once stays ours when the list no longer asks for it. */
function wasAdopted({ file }: World, target: TargetSpec): boolean {
  return file.versions.some(({ targets = [] }) =>
    targets.some((each) => each.adopt && keyOfSpec(each) === keyOfSpec(target)),
  );
}

/** Targets whose Service somebody else keeps and has taken away. */
function withoutService({ file, cluster }: World): string[] {
  return file.targets
    .filter(({ create }) => !create)
    .map(keyOfSpec)
    .filter((key) => cluster.core.store.get('services', key) === undefined);
}

/** Targets with a name whose addresses came and went: those may be held for dozens of answers. */
function rotatingTargets({ file, answers }: World): ReadonlySet<string> {
  const rotating = file.targets.filter(({ endpoints }) =>
    endpoints.some((source) => 'host' in source && answers.rotated(source.host)),
  );
  return new Set(rotating.map(keyOfSpec));
}

function figuresOf({ scheduler, log, workers }: World): Figures {
  const records = [...workers.values()];
  return {
    simulatedMs: scheduler.nowMs,
    turns: scheduler.turns,
    processes: records.length,
    writes: records.reduce((sum, worker) => sum + worker.writes, 0),
    faults: Object.fromEntries([...log.faults].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
