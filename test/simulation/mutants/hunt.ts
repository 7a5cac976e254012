import type { SimulationResult } from '../simulate.ts';
import { mutate, mutationNamed } from './mutant.ts';

/** A process of its own: `node hunt.ts NAME` looks for the first seed that notices the mutation, and tells its parent. */
export interface Hunted {
  readonly name: string;
  /** Undefined: none did. */
  readonly seed: number | undefined;
  readonly invariant: number | undefined;
  readonly message: string;
}

const mutation = mutationNamed(process.argv[2] ?? '');
const isLoaded = mutate(mutation);
const { scenarioOf } = await import('../scenario/generate.ts');
const { simulate } = await import('../simulate.ts');

const found = await firstBroken(mutation.withinSeeds);
if (!isLoaded()) throw new Error(`mutation ${mutation.name}: nobody has loaded ${mutation.file}`);
const [breach] = found?.violations ?? [];
const hunted: Hunted = {
  name: mutation.name,
  seed: found?.seed,
  invariant: breach?.invariant,
  message: breach?.message ?? '',
};
process.send?.(hunted);
if (process.connected) process.disconnect();

async function firstBroken(seeds: number): Promise<SimulationResult | undefined> {
  for (let seed = 1; seed <= seeds; seed++) {
    const result = await simulate(scenarioOf(seed));
    if (result.violations.some(({ invariant }) => mutation.breaks.includes(invariant))) return result;
  }
  return undefined;
}
