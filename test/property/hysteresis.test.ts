import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Health, Sample } from '../../src/health/health.ts';
import { notCheckedYet, observe } from '../../src/health/hysteresis.ts';

const sampleKinds = fc.constantFrom<'success' | 'failure' | 'route' | 'nothing'>(
  'success',
  'failure',
  'route',
  'nothing',
);

function sampleOf(kind: 'success' | 'failure' | 'route' | 'nothing'): Sample {
  if (kind === 'success') return { healthy: true, reason: 'Connected', message: '', latencyMs: 1 };
  const speaksOf = ({ failure: 'backend', route: 'route', nothing: 'worker' } as const)[kind];
  return { healthy: false, reason: 'ConnectFailed', message: '', latencyMs: 1, speaksOf };
}

it('flips a verdict after exactly N samples in a row against it, whatever came before', () => {
  const thresholds = fc.record({
    healthyThreshold: fc.integer({ min: 1, max: 10 }),
    unhealthyThreshold: fc.integer({ min: 1, max: 10 }),
  });
  fc.assert(
    fc.property(thresholds, fc.array(sampleKinds, { maxLength: 200 }), (limits, kinds) => {
      let health: Health = notCheckedYet(0);
      // What the rule says, written down the plainest way: look back over all that counted.
      const counted: boolean[] = [];
      let verdict: Health['verdict'] = 'unknown';
      kinds.forEach((kind, at) => {
        health = observe(health, sampleOf(kind), limits, at);
        if (kind !== 'nothing') counted.push(kind === 'success');
        const lastAre = (wanted: boolean, count: number) =>
          counted.length >= count && counted.slice(-count).every((each) => each === wanted);
        if (verdict !== 'healthy' && lastAre(true, limits.healthyThreshold)) verdict = 'healthy';
        else if (verdict !== 'unhealthy' && lastAre(false, limits.unhealthyThreshold)) verdict = 'unhealthy';
        expect(health.verdict).toBe(verdict);
      });
    }),
    { numRuns: 500 },
  );
});
