import { readFileSync } from 'node:fs';
import { scenarioOf } from './scenario/generate.ts';
import type { Scenario } from './scenario/incident.ts';
import type { SeedReport } from './tally.ts';

/**
 * A seed that once failed. Its scenario is kept as it was, shrunk: a generator that has learned new trouble makes
 * something else of the seed.
 */
export interface KeptSeed {
  readonly seed: number;
  /** The first invariant that broke. */
  readonly invariant: number;
  /** What a user would have seen. */
  readonly found: string;
  readonly scenario: Scenario;
}

/** A failing seed as an entry of seeds.json, for somebody to say what it found. */
export function keptText({ result, shrunk }: SeedReport): string {
  const [breach] = (shrunk?.result ?? result).violations;
  const { seed } = result;
  const scenario = shrunk?.scenario ?? scenarioOf(seed);
  const kept: KeptSeed = { seed, invariant: breach?.invariant ?? 0, found: '', scenario };
  return JSON.stringify(kept);
}

export function keptSeeds(): readonly KeptSeed[] {
  return JSON.parse(readFileSync(new URL('./seeds.json', import.meta.url), 'utf8')) as KeptSeed[];
}
