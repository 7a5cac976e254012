import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { scenarioOf } from './scenario/generate.ts';
import type { Scenario } from './scenario/incident.ts';
import type { SeedReport } from './tally.ts';

/**
 * What a failing seed was: a `bug` of the product, since fixed; a `limit` that the documentation names; or a mistake
 * of a `checker`, which saw a breach where there was none.
 */
export const KINDS = ['bug', 'limit', 'checker'] as const;

/**
 * A scenario that once failed: a file of `kept/`, named after its seed. The file contains the scenario itself,
 * shrunk: when the generator changes, the same seed makes another scenario.
 */
export interface KeptScenario {
  readonly seed: number;
  readonly kind: (typeof KINDS)[number];
  /** The first invariant that broke. */
  readonly invariant: number;
  /** What a user would have seen. */
  readonly seen: string;
  /** The seed that found the same before. */
  readonly sameAs?: number;
  readonly scenario: Scenario;
}

const FOLDER = new URL('./kept/', import.meta.url);

/** All of them, by seed. */
export function keptScenarios(folder = FOLDER): readonly KeptScenario[] {
  return readdirSync(folder)
    .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as KeptScenario)
    .sort((a, b) => a.seed - b.seed);
}

/**
 * Writes the scenario of a failing seed, shrunk if it was. `kind` and `seen` are for a person to fill in.
 *
 * @returns the path of the file.
 */
export function keepScenario({ result, shrunk }: SeedReport, folder = FOLDER): URL {
  const [breach] = (shrunk?.result ?? result).violations;
  const { seed } = result;
  const kept: KeptScenario = {
    seed,
    kind: 'bug',
    invariant: breach?.invariant ?? 0,
    seen: '',
    scenario: shrunk?.scenario ?? scenarioOf(seed),
  };
  const path = new URL(`${seed}.json`, folder);
  writeFileSync(path, `${JSON.stringify(kept, undefined, 2)}\n`);
  return path;
}
