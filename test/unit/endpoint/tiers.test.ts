import { describe, expect, it } from 'vitest';
import { withReadiness } from '../../../src/endpoint/assessment.ts';
import { activePriority, applyTiers } from '../../../src/endpoint/tiers.ts';
import { assessed, readinessOf } from '../../support/assessments.ts';

describe('applyTiers', () => {
  it('makes every tier a standby except the best one with a healthy address', () => {
    const tiers = applyTiers([
      assessed('10.0.0.1', 'unhealthy'),
      assessed('10.0.0.2', 'healthy'),
      assessed('10.0.1.1', 'healthy', { priority: 1 }),
      assessed('10.0.2.1', 'healthy', { priority: 2 }),
    ]);
    expect(readinessOf(tiers)).toEqual([
      '10.0.0.1 not ready ConnectionRefused',
      '10.0.0.2 ready Connected',
      '10.0.1.1 not ready Standby',
      '10.0.2.1 not ready Standby',
    ]);
  });

  it('makes the next tier ready when the best one has no healthy address', () => {
    const tiers = applyTiers([
      assessed('10.0.0.1', 'unhealthy'),
      assessed('10.0.1.1', 'healthy', { priority: 1 }),
      assessed('10.0.2.1', 'healthy', { priority: 2 }),
    ]);
    expect(readinessOf(tiers)).toEqual([
      '10.0.0.1 not ready ConnectionRefused',
      '10.0.1.1 ready Connected',
      '10.0.2.1 not ready Standby',
    ]);
  });

  it('keeps a standby with a suspended drain ready while the better tier is in panic mode', () => {
    const suspected = { ready: true, reason: 'VantageSuspect', message: '' };
    const held = withReadiness(assessed('10.0.1.1', 'unhealthy', { priority: 1 }), () => suspected);
    const inPanic = withReadiness(assessed('10.0.0.1', 'unhealthy'), () => ({
      ...suspected,
      reason: 'PanicMode',
    }));
    expect(readinessOf(applyTiers([inPanic, held]))).toEqual([
      '10.0.0.1 ready PanicMode',
      '10.0.1.1 ready VantageSuspect',
    ]);
  });

  it('keeps the reason of an unhealthy standby', () => {
    const tiers = applyTiers([
      assessed('10.0.0.1', 'healthy'),
      assessed('10.0.1.1', 'unhealthy', { priority: 1 }),
    ]);
    expect(readinessOf(tiers)[1]).toBe('10.0.1.1 not ready ConnectionRefused');
  });

  it('changes nothing when no tier has a healthy address', () => {
    const given = [assessed('10.0.0.1', 'unhealthy'), assessed('10.0.1.1', 'unhealthy', { priority: 1 })];
    expect(applyTiers(given)).toEqual(given);
    expect(activePriority(given)).toBeUndefined();
  });
});
