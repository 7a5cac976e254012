import type { Sample } from '../../../src/health/health.ts';

interface Run {
  verdict: 'unknown' | 'healthy' | 'unhealthy';
  successes: number;
  failures: number;
  /** When it was unhealthy for the last time. */
  unhealthyUntilMs: number;
}

/**
 * Verdicts as the documentation defines them, without the product's code: unhealthy after a number of failures in a row,
 * healthy after a number of successes. A failure of the worker itself does not count.
 */
export class ReferenceHealth {
  readonly #runs: Map<string, Run>;

  constructor(runs: ReadonlyMap<string, Run> = new Map()) {
    this.#runs = new Map([...runs].map(([at, run]) => [at, { ...run }]));
  }

  /** The health that another process starts with when it loads the state of this one. */
  copy(): ReferenceHealth {
    return new ReferenceHealth(this.#runs);
  }

  /** `thresholds`: the lowest of all targets that check this address and port. */
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

  /** Whether it is unhealthy now, or was at some time since `sinceMs`. */
  isUnhealthySince(at: string, sinceMs: number): boolean {
    const run = this.#runs.get(at);
    return run !== undefined && (run.verdict === 'unhealthy' || run.unhealthyUntilMs >= sinceMs);
  }
}
