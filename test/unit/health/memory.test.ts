import { describe, expect, it } from 'vitest';
import type { Check, Health, Verdict } from '../../../src/health/health.ts';
import { HealthMemory } from '../../../src/health/memory.ts';
import { checkAt } from '../../support/checks.ts';

function health(verdict: Verdict, streak = 0): Health {
  return {
    verdict,
    reason: 'Connected',
    message: verdict,
    streak,
    ...(streak > 0 ? { streakOf: 'failures' as const } : {}),
    sinceMs: 5,
    vantageSuspect: false,
  };
}

function memory(...known: [Check, Health][]): HealthMemory {
  return new HealthMemory(new Map(known.map(([check, each]) => [check.id, each])));
}

describe('HealthMemory', () => {
  const check = checkAt('10.0.0.1:80');
  const edited = checkAt('10.0.0.1:80', { intervalMs: 20_000 });

  it('recalls the health of an equal check, including its streak', () => {
    expect(memory([check, health('healthy', 2)]).recall(check)).toEqual(health('healthy', 2));
  });

  it('keeps the verdict of an address with edited settings, and restarts the streak', () => {
    expect(memory([check, health('healthy', 2)]).recall(edited)).toEqual(health('healthy'));
    expect(memory([check, health('unhealthy')]).recall(edited)).toEqual(health('unhealthy'));
  });

  it('recalls the healthiest of several checks of an address', () => {
    const other = checkAt('10.0.0.1:80', { timeoutMs: 1 });
    const known = memory([check, health('unhealthy')], [other, health('healthy')]);
    expect(known.recall(edited)?.verdict).toBe('healthy');
  });

  it.each([
    ['another port', checkAt('10.0.0.1:81')],
    ['another address', checkAt('10.0.0.11:80')],
  ])('recalls nothing for %s', (_, other) => {
    expect(memory([check, health('healthy')]).recall(other)).toBeUndefined();
  });

  it('drops the uncertainty of a recalled verdict', () => {
    expect(memory([check, health('unknown', 1)]).recall(edited)).toBeUndefined();
  });

  it.each([
    ['a verdict that stands', check, health('healthy'), true],
    ['a verdict that something speaks against', check, health('healthy', 1), false],
    ['no verdict', check, health('unknown'), false],
    ['a verdict under other settings', edited, health('healthy'), false],
  ])('lets a check wait for its place in the interval only with %s', (_, asked, known, spread) => {
    expect(memory([check, known]).beginningOf(asked)).toMatchObject({ spread });
  });

  it('has no beginning for an unknown check', () => {
    expect(memory().beginningOf(check)).toBeUndefined();
  });
});
