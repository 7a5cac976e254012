import type { Sample } from '../../../src/health/health.ts';

interface Run {
  verdict: 'unknown' | 'healthy' | 'unhealthy';
  successes: number;
  failures: number;
  /** When it last was unhealthy. */
  unhealthyUntilMs: number;
}

/**
 * Verdicts by the words of the documentation, without the product's code: unhealthy after so many failures in a
 * row, healthy after so many successes, and what speaks of the worker alone counts for nothing.
 */
export class ReferenceHealth {
  readonly #runs: Map<string, Run>;

  constructor(runs: ReadonlyMap<string, Run> = new Map()) {
    this.#runs = new Map([...runs].map(([at, run]) => [at, { ...run }]));
  }

  /** What another process knows that begins with what this one saved. */
  copy(): ReferenceHealth {
    return new ReferenceHealth(this.#runs);
  }

  /** `thresholds`: of the laxest target that checks this address and port. */
  observe(
    at: string,
    sample: Sample,
    thresholds: { healthy: number; unhealthy: number },
    nowMs: number,
  ): void {
    if (!sample.healthy && sample.speaksOf === 'worker') return;
    const run = this.#runs.get(at) ?? {
      verdict: 'unknown',
      successes: 0,
      failures: 0,
      unhealthyUntilMs: Number.NEGATIVE_INFINITY,
    };
    if (run.verdict === 'unhealthy') run.unhealthyUntilMs = nowMs;
    run.successes = sample.healthy ? run.successes + 1 : 0;
    run.failures = sample.healthy ? 0 : run.failures + 1;
    if (run.successes >= thresholds.healthy) run.verdict = 'healthy';
    if (run.failures >= thresholds.unhealthy) run.verdict = 'unhealthy';
    this.#runs.set(at, run);
  }

  /** Now, or at some time since then. */
  isUnhealthySince(at: string, sinceMs: number): boolean {
    const run = this.#runs.get(at);
    return run !== undefined && (run.verdict === 'unhealthy' || run.unhealthyUntilMs >= sinceMs);
  }
}
