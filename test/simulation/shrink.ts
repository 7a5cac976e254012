import type { Scenario } from './scenario/incident.ts';
import { keyOfSpec } from './scenario/target-spec.ts';
import { type SimulationResult, simulate } from './simulate.ts';

/** How many simulations shrinking may run. */
const MAX_TRIES = 200;

export interface Shrunk {
  readonly scenario: Scenario;
  readonly result: SimulationResult;
  readonly tries: number;
}

/** Removes targets and incidents as long as the same invariant breaks. */
export async function shrink(scenario: Scenario, failed: SimulationResult): Promise<Shrunk> {
  const invariant = failed.violations[0]?.invariant;
  let best = { scenario, result: failed };
  let tries = 0;
  const attempt = async (candidate: Scenario): Promise<boolean> => {
    if (tries >= MAX_TRIES) return false;
    tries += 1;
    const result = await simulate(candidate);
    if (result.violations[0]?.invariant !== invariant) return false;
    best = { scenario: candidate, result };
    return true;
  };
  for (let smaller = true; smaller && tries < MAX_TRIES; ) {
    const byIncidents = await withoutIncidents(() => best.scenario, attempt);
    const byTargets = await withoutTargets(() => best.scenario, attempt);
    const byWorkers =
      best.scenario.workers.length > 1 &&
      (await attempt({ ...best.scenario, workers: best.scenario.workers.slice(0, 1) }));
    const byList = best.scenario.listIn !== undefined && (await attempt(withListInFile(best.scenario)));
    smaller = byIncidents || byTargets || byWorkers || byList;
  }
  return { ...best, tries };
}

function withListInFile({ listIn: _, ...scenario }: Scenario): Scenario {
  return scenario;
}

type Attempt = (candidate: Scenario) => Promise<boolean>;

/** Halves first, then ever smaller parts (Zeller's delta debugging). */
async function withoutIncidents(current: () => Scenario, attempt: Attempt): Promise<boolean> {
  let smaller = false;
  for (
    let size = Math.ceil(current().incidents.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let from = 0; from < current().incidents.length; ) {
      const { incidents } = current();
      const kept = [...incidents.slice(0, from), ...incidents.slice(from + size)];
      if (await attempt({ ...current(), incidents: kept })) smaller = true;
      else from += size;
    }
  }
  return smaller;
}

async function withoutTargets(current: () => Scenario, attempt: Attempt): Promise<boolean> {
  let smaller = false;
  for (const target of current().targets) {
    if (current().targets.length === 1) break;
    const key = keyOfSpec(target);
    const without = {
      ...current(),
      targets: current().targets.filter((each) => keyOfSpec(each) !== key),
      handMade: current().handMade.filter((made) => made.key !== key),
    };
    if (await attempt(without)) smaller = true;
  }
  return smaller;
}
