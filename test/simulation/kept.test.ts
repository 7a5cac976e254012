import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { INVARIANTS } from './checks/violation.ts';
import { KINDS, keepScenario, keptScenarios } from './kept.ts';
import { scenarioOf } from './scenario/generate.ts';
import type { SimulationResult } from './simulate.ts';

const KEPT = keptScenarios();

const FAILED: SimulationResult = {
  seed: 77,
  violations: [{ invariant: 3, atMs: 1_000, message: 'nothing is served' }],
  story: [],
  digest: '',
  figures: { simulatedMs: 0, turns: 0, passes: 0, replicas: 0, writes: 0, faults: {} },
};

describe('the folder of kept scenarios', () => {
  it('has one file for each scenario, named after its seed', () => {
    const names = readdirSync(new URL('./kept/', import.meta.url));
    expect(names.sort()).toEqual(KEPT.map(({ seed }) => `${seed}.json`).sort());
  });

  it.each(KEPT.map((kept) => [kept.seed, kept] as const))(
    'has a kind, an invariant and what a user would have seen for seed %i',
    (_, { kind, invariant, seen, scenario, seed }) => {
      expect(KINDS).toContain(kind);
      expect(Object.keys(INVARIANTS)).toContain(String(invariant));
      expect(seen).toMatch(/^[A-Z`].{20,}[.]$/s);
      expect(scenario.seed).toBe(seed);
    },
  );

  it('names in sameAs only a scenario of the same kind that has no sameAs', () => {
    const bySeed = new Map(KEPT.map((kept) => [kept.seed, kept]));
    for (const { sameAs, kind } of KEPT) {
      if (sameAs === undefined) continue;
      expect(bySeed.get(sameAs)?.kind).toBe(kind);
      expect(bySeed.get(sameAs)?.sameAs).toBeUndefined();
    }
  });
});

describe('keepScenario', () => {
  const folder = () => {
    const path = mkdtempSync(join(tmpdir(), 'kept-'));
    onTestFinished(() => rmSync(path, { recursive: true }));
    return pathToFileURL(`${path}/`);
  };

  it('writes the scenario of the seed when it was not shrunk', () => {
    const into = folder();
    expect(keepScenario({ result: FAILED, shrunk: undefined }, into)).toEqual(new URL('77.json', into));
    expect(keptScenarios(into)).toEqual([
      { seed: 77, kind: 'bug', invariant: 3, seen: '', scenario: JSON.parse(JSON.stringify(scenarioOf(77))) },
    ]);
  });

  it('writes the shrunk scenario and its own first breach', () => {
    const into = folder();
    const scenario = { ...scenarioOf(77), incidents: [] };
    const result = { ...FAILED, violations: [{ invariant: 4, atMs: 2_000, message: 'a slice is missing' }] };
    keepScenario({ result: FAILED, shrunk: { scenario, result, tries: 1 } }, into);
    expect(keptScenarios(into)).toMatchObject([{ seed: 77, invariant: 4, scenario: { incidents: [] } }]);
  });
});
