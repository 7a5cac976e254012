import type { SimulationResult } from '../simulate.ts';
import { mutate, mutationNamed } from './mutant.ts';

/**
 * A process of its own: `node hunt.ts NAME [--full]` looks for the first seed that notices the mutation, and sends that
 * to its parent. With --full it runs all seeds and counts those that notice it.
 */
export interface Hunted {
  readonly name: string;
  /** The first seed that noticed it; undefined if none did. */
  readonly seed: number | undefined;
  readonly invariant: number | undefined;
  readonly message: string;
  /** How many seeds were run, and how many of them noticed it. */
  readonly seeds: number;
  readonly noticedBy: number;
}

const mutation = mutationNamed(process.argv[2] ?? '');
const isFull = process.argv[3] === '--full';
const isLoaded = mutate(mutation);
const { scenarioOf } = await import('../scenario/generate.ts');
const { simulate } = await import('../simulate.ts');

const hunted = await hunt();
if (!isLoaded()) throw new Error(`mutation ${mutation.name}: no module has loaded ${mutation.file}`);
process.send?.(hunted);
if (process.connected) process.disconnect();

async function hunt(): Promise<Hunted> {
  let first: SimulationResult | undefined;
  let [seeds, noticedBy] = [0, 0];
  while (seeds < mutation.withinSeeds && (isFull || first === undefined)) {
    seeds += 1;
    const result = await simulate(scenarioOf(seeds));
    if (!result.violations.some(({ invariant }) => mutation.breaks.includes(invariant))) continue;
    noticedBy += 1;
    first ??= result;
  }
  const [breach] = first?.violations ?? [];
  return {
    name: mutation.name,
    seed: first?.seed,
    invariant: breach?.invariant,
    message: breach?.message ?? '',
    seeds,
    noticedBy,
  };
}
