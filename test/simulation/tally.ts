import { INVARIANTS } from './checks/violation.ts';
import type { Shrunk } from './shrink.ts';
import type { SimulationResult } from './simulate.ts';

/** What became of one seed. */
export interface SeedReport {
  readonly result: SimulationResult;
  readonly shrunk: Shrunk | undefined;
}

/** The last that happened before a breach is what explains it. */
const STORY_LINES = 40;

/** Adds up what many seeds came to. */
export class Tally {
  seeds = 0;
  simulatedMs = 0;
  turns = 0;
  processes = 0;
  writes = 0;
  readonly faults = new Map<string, number>();
  readonly failed: SeedReport[] = [];

  add(report: SeedReport): void {
    const { figures, violations } = report.result;
    this.seeds += 1;
    this.simulatedMs += figures.simulatedMs;
    this.turns += figures.turns;
    this.processes += figures.processes;
    this.writes += figures.writes;
    for (const [fault, count] of Object.entries(figures.faults)) {
      this.faults.set(fault, (this.faults.get(fault) ?? 0) + count);
    }
    if (violations.length > 0) this.failed.push(report);
  }

  text(elapsedMs: number): string {
    const faults = [...this.faults]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, count]) => `  ${name}: ${count}`);
    const byBreach = Map.groupBy(this.failed, ({ result }) => result.violations[0]?.invariant ?? 0);
    const breaches = [...byBreach]
      .sort(([a], [b]) => a - b)
      .map(([invariant, reports]) => {
        const seeds = reports.map(({ result }) => result.seed).sort((a, b) => a - b);
        return `  invariant ${invariant} (${INVARIANTS[invariant]}): ${seeds.length} seeds: ${seeds.slice(0, 20).join(' ')}`;
      });
    return [
      `${this.seeds} seeds in ${(elapsedMs / 1000).toFixed(1)} s: ${(this.simulatedMs / 3_600_000).toFixed(1)} simulated hours, ${this.processes} processes, ${this.turns} events, ${this.writes} writes`,
      'faults that struck:',
      ...faults,
      this.failed.length === 0 ? 'no invariant broke' : 'broken:',
      ...breaches,
    ].join('\n');
  }
}

/** Who did what when, which invariant broke, and how to see it again. */
export function storyOf({ result, shrunk }: SeedReport): string {
  const told = shrunk?.result ?? result;
  const small =
    shrunk === undefined
      ? ''
      : `, shrunk to ${shrunk.scenario.targets.length} targets and ${shrunk.scenario.incidents.length} incidents in ${shrunk.tries} tries`;
  return [
    `seed ${result.seed}${small}:`,
    ...told.story.slice(-STORY_LINES).map((line) => `  ${line.slice(0, 220)}`),
    ...told.violations.slice(0, 5).map(({ invariant, atMs, message }) => {
      return `  ${(atMs / 1000).toFixed(3)}  BROKEN: invariant ${invariant}, ${INVARIANTS[invariant]}: ${message}`;
    }),
    `  again: npm run test:simulation -- --from ${result.seed} --seeds 1`,
  ].join('\n');
}
