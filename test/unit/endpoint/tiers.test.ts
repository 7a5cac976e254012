import { describe, expect, it } from 'vitest';
import { withReadiness } from '../../../src/endpoint/assessment.ts';
import { activePriority, applyTiers } from '../../../src/endpoint/tiers.ts';
import { assessed, readinessOf } from '../../support/assessments.ts';

describe('priority tiers', () => {
  it('give the traffic to the best tier with a healthy address and let the others stand by', () => {
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

  it('fail over to the next tier when the best has none left', () => {
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

  it('leave a standby that the guard holds back where it is', () => {
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

  it('say of an unhealthy standby that it is unhealthy', () => {
    const tiers = applyTiers([
      assessed('10.0.0.1', 'healthy'),
      assessed('10.0.1.1', 'unhealthy', { priority: 1 }),
    ]);
    expect(readinessOf(tiers)[1]).toBe('10.0.1.1 not ready ConnectionRefused');
  });

  it('change nothing when no tier has a healthy address', () => {
    const given = [assessed('10.0.0.1', 'unhealthy'), assessed('10.0.1.1', 'unhealthy', { priority: 1 })];
    expect(applyTiers(given)).toEqual(given);
    expect(activePriority(given)).toBeUndefined();
  });
});
