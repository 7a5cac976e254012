import { INVARIANTS, type Violation } from './checks/violation.ts';
import type { Crash } from './seed-crew.ts';
import type { Shrunk } from './shrink.ts';
import type { SimulationResult } from './simulate.ts';

/** The result of one seed. */
export interface SeedReport {
  readonly result: SimulationResult;
  readonly shrunk: Shrunk | undefined;
}

/** The last lines before a breach explain it. */
const STORY_LINES = 40;

/** A seed that failed: by its first breach, or without a report. */
export interface Failure {
  readonly seed: number;
  /** Undefined: its process died, or did not end in time. */
  readonly invariant?: number;
  readonly message: string;
}

/** The sums of a range of seeds. They can be added to those of another range. */
export interface Summary {
  readonly seeds: number;
  readonly elapsedSeconds: number;
  readonly simulatedHours: number;
  readonly events: number;
  readonly writes: number;
  readonly passes: number;
  readonly replicas: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly failures: readonly Failure[];
}

/** How many stories are printed at most. */
const MOST_STORIES = 10;

/** Adds up the results of many seeds. */
export class Tally {
  seeds = 0;
  /** Those whose story is printed. */
  readonly reported: SeedReport[] = [];
  readonly failures: Failure[] = [];
  readonly #sums = { simulatedMs: 0, events: 0, writes: 0, passes: 0, replicas: 0 };
  readonly #faults = new Map<string, number>();

  add(report: SeedReport): void {
    const { seed, figures } = report.result;
    this.seeds += 1;
    this.#sums.simulatedMs += figures.simulatedMs;
    this.#sums.events += figures.turns;
    this.#sums.writes += figures.writes;
    this.#sums.passes += figures.passes;
    this.#sums.replicas += figures.replicas;
    for (const [fault, count] of Object.entries(figures.faults)) {
      this.#faults.set(fault, (this.#faults.get(fault) ?? 0) + count);
    }
    const breach = breachOf(report);
    if (breach === undefined) return;
    this.failures.push({ seed, invariant: breach.invariant, message: breach.message });
    if (this.reported.length < MOST_STORIES) this.reported.push(report);
  }

  addCrash({ seed, problem }: Crash): void {
    this.seeds += 1;
    this.failures.push({ seed, message: problem });
  }

  summary(elapsedMs: number): Summary {
    const { simulatedMs, ...sums } = this.#sums;
    return {
      seeds: this.seeds,
      elapsedSeconds: Math.round(elapsedMs / 1000),
      simulatedHours: Math.round(simulatedMs / 3_600) / 1000,
      ...sums,
      faults: Object.fromEntries([...this.#faults].sort(([a], [b]) => (a < b ? -1 : 1))),
      failures: this.failures.toSorted((a, b) => a.seed - b.seed),
    };
  }

  text(elapsedMs: number): string {
    const { seeds, simulatedHours, passes, replicas, events, writes, faults, failures } =
      this.summary(elapsedMs);
    const byBreach = Map.groupBy(failures, ({ invariant = 0 }) => invariant);
    const breaches = [...byBreach]
      .sort(([a], [b]) => a - b)
      .map(([invariant, members]) => {
        const name = invariant === 0 ? 'no end' : `invariant ${invariant} (${INVARIANTS[invariant]})`;
        const some = members.slice(0, 20).map(({ seed }) => seed);
        return `  ${name}: ${members.length} seeds: ${some.join(' ')}`;
      });
    return [
      `${seeds} seeds in ${(elapsedMs / 1000).toFixed(1)} s: ${simulatedHours.toFixed(1)} simulated hours, ${passes} passes, ${replicas} replicas, ${events} events, ${writes} writes`,
      'faults that struck:',
      ...Object.entries(faults).map(([name, count]) => `  ${name}: ${count}`),
      failures.length === 0 ? 'no invariant broke' : 'broken:',
      ...breaches,
    ].join('\n');
  }
}

export function breachOf({ result }: SeedReport): Violation | undefined {
  return result.violations[0];
}

/** What happened when, which invariant broke, and the command that shows it again. */
export function storyOf({ result, shrunk }: SeedReport): string {
  const reported = shrunk?.result ?? result;
  const small =
    shrunk === undefined
      ? ''
      : `, shrunk to ${shrunk.scenario.targets.length} targets and ${shrunk.scenario.incidents.length} incidents in ${shrunk.tries} tries`;
  return [
    `seed ${result.seed}${small}:`,
    ...reported.story.slice(-STORY_LINES).map((line) => `  ${line.slice(0, 220)}`),
    ...reported.violations.slice(0, 5).map(({ invariant, atMs, message }) => {
      return `  ${(atMs / 1000).toFixed(3)}  BROKEN: invariant ${invariant}, ${INVARIANTS[invariant]}: ${message}`;
    }),
    `  again: npm run test:simulation -- --from ${result.seed} --seeds 1`,
  ].join('\n');
}
