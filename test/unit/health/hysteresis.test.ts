import { describe, expect, it } from 'vitest';
import type { Health, Sample } from '../../../src/health/health.ts';
import { isForming, notCheckedYet, observe } from '../../../src/health/hysteresis.ts';

const SAMPLES: Readonly<Record<string, Sample>> = {
  S: { healthy: true, reason: 'Connected', message: 'connected', latencyMs: 1 },
  F: { healthy: false, reason: 'ConnectionRefused', message: 'refused', latencyMs: 1, speaksOf: 'backend' },
  R: { healthy: false, reason: 'NetworkUnreachable', message: 'no route', latencyMs: 1, speaksOf: 'route' },
  W: {
    healthy: false,
    reason: 'LocalResourcesExhausted',
    message: 'EMFILE',
    latencyMs: 1,
    speaksOf: 'worker',
  },
};

/** Applies the samples of a word to thresholds 2 and 3, a second apart, from an unknown health. */
function healthAfter(letters: string, thresholds = { healthyThreshold: 2, unhealthyThreshold: 3 }): Health {
  return [...letters].reduce<Health>((health, letter, at) => {
    const sample = SAMPLES[letter];
    if (sample === undefined) throw new Error(`no sample ${letter}`);
    return observe(health, sample, thresholds, (at + 1) * 1_000);
  }, notCheckedYet(0));
}

describe('observe', () => {
  it.each([
    ['', 'unknown', 0],
    ['S', 'unknown', 1],
    ['SS', 'healthy', 0],
    ['SFS', 'unknown', 1],
    ['SFSS', 'healthy', 0],
    ['F', 'unknown', 1],
    ['FF', 'unknown', 2],
    ['FFF', 'unhealthy', 0],
    ['FFSFF', 'unknown', 2],
    ['SSF', 'healthy', 1],
    ['SSFF', 'healthy', 2],
    ['SSFFF', 'unhealthy', 0],
    ['SSFFSFF', 'healthy', 2],
    ['SSFFSFFF', 'unhealthy', 0],
    ['FFFS', 'unhealthy', 1],
    ['FFFSFS', 'unhealthy', 1],
    ['FFFSS', 'healthy', 0],
    ['SSSSSSF', 'healthy', 1],
  ])('after %s the verdict is %s with a streak of %i', (letters, verdict, streak) => {
    expect(healthAfter(letters)).toMatchObject({ verdict, streak });
  });

  it('changes the verdict after one sample with a threshold of one', () => {
    const ones = { healthyThreshold: 1, unhealthyThreshold: 1 };
    expect(healthAfter('S', ones).verdict).toBe('healthy');
    expect(healthAfter('F', ones).verdict).toBe('unhealthy');
    expect(healthAfter('SF', ones).verdict).toBe('unhealthy');
    expect(healthAfter('SFS', ones).verdict).toBe('healthy');
  });

  it('has the reason of the verdict, and of the streak against it', () => {
    expect(healthAfter('SSF')).toMatchObject({
      verdict: 'healthy',
      reason: 'Connected',
      streakOf: 'failures',
      lastFailure: { reason: 'ConnectionRefused' },
    });
    expect(healthAfter('FFFS')).toMatchObject({
      verdict: 'unhealthy',
      reason: 'ConnectionRefused',
      streakOf: 'successes',
    });
    expect(healthAfter('F')).toMatchObject({ verdict: 'unknown', reason: 'ConnectionRefused' });
    expect(healthAfter('FS')).toMatchObject({ verdict: 'unknown', reason: 'Connected' });
  });

  it('drops the last failure after a success', () => {
    expect(healthAfter('SSFS')).not.toHaveProperty('lastFailure');
    expect(healthAfter('SSFS')).not.toHaveProperty('streakOf');
  });

  it('dates a verdict from the sample that formed it', () => {
    expect(healthAfter('SS').sinceMs).toBe(2_000);
    expect(healthAfter('SSSS').sinceMs).toBe(2_000);
    expect(healthAfter('SSFFF').sinceMs).toBe(5_000);
    expect(healthAfter('S').sinceMs).toBe(0);
  });

  it.each([
    ['WWWWWW', 'unknown', 0],
    ['SSWWWWWW', 'healthy', 0],
    ['SSFWWWF', 'healthy', 2],
    ['SSFWFWF', 'unhealthy', 0],
    ['FFFWWS', 'unhealthy', 1],
  ])(
    'does not count samples that concern this worker only: after %s it is %s, streak %i',
    (letters, verdict, streak) => {
      expect(healthAfter(letters)).toMatchObject({ verdict, streak });
    },
  );

  it('has the reason of a sample that did not count', () => {
    expect(healthAfter('SSW')).toMatchObject({ reason: 'Connected', lastFailure: { speaksOf: 'worker' } });
    expect(healthAfter('W')).toMatchObject({ reason: 'LocalResourcesExhausted' });
  });

  it.each([
    ['SSFFF', false],
    ['SSRRR', true],
    ['SSRFF', true],
    ['SSFFR', true],
    ['SSRSFFF', false],
    ['SSFWFF', false],
    ['SSRRRR', true],
    ['SSRRRF', false],
    ['SSFFFR', false],
    ['SSRRRFR', false],
    ['SSR', true],
    ['SSRS', false],
  ])('after %s the verdict is marked as uncertain: %s', (letters, vantageSuspect) => {
    expect(healthAfter(letters).vantageSuspect).toBe(vantageSuspect);
  });
});

describe('isForming', () => {
  it.each([
    ['', true],
    ['S', true],
    ['SS', false],
    ['SSF', true],
    ['SSFS', false],
    ['FFF', false],
    ['FFFS', true],
  ])('after %s: %s', (letters, forming) => {
    expect(isForming(healthAfter(letters))).toBe(forming);
  });
});
