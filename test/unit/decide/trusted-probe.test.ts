import { describe, expect, it } from 'vitest';
import { type ProbeEvidence, trustedProbeMs } from '../../../src/decide/trusted-probe.ts';
import { healthOf } from '../../support/assessments.ts';

const NEVER = Number.NEGATIVE_INFINITY;
const [WORKING, FAILING] = [healthOf('healthy'), healthOf('healthy', { streak: 1, streakOf: 'failures' })];

/** A worker that looks on, and last found something healthy at 5,000. */
function trusted(changes: Partial<ProbeEvidence>): number {
  return trustedProbeMs({
    lastSuccessfulProbeMs: 5_000,
    suspectSinceMs: undefined,
    known: () => [WORKING],
    once: false,
    everythingObserved: true,
    nowMs: 9_000,
    ...changes,
  });
}

describe('trustedProbeMs while following', () => {
  it.each<[string, Partial<ProbeEvidence>, number]>([
    [
      'drains are not suspended, whatever the checks say: the last success',
      { known: () => [FAILING] },
      5_000,
    ],
    ['nothing was ever healthy: never', { lastSuccessfulProbeMs: NEVER }, NEVER],
    ['drains are suspended, and most checks work: the last success', { suspectSinceMs: 4_000 }, 5_000],
    [
      'drains are suspended, and as many checks work as fail: the last success',
      { suspectSinceMs: 4_000, known: () => [WORKING, FAILING] },
      5_000,
    ],
    [
      'drains are suspended, and most healthy checks fail: no later than the suspicion',
      { suspectSinceMs: 4_000, known: () => [WORKING, FAILING, FAILING] },
      4_000,
    ],
    [
      'drains are suspended, most checks fail, and the last success is older: that one',
      { suspectSinceMs: 6_000, known: () => [FAILING] },
      5_000,
    ],
    [
      'drains are suspended, and only unhealthy checks are known: no later than the suspicion',
      { suspectSinceMs: 4_000, known: () => [healthOf('unhealthy')] },
      4_000,
    ],
    ['targets are not observed yet: the last success all the same', { everythingObserved: false }, 5_000],
  ])('%s', (_, changes, expected) => {
    expect(trusted(changes)).toBe(expected);
  });

  it('asks for all checks only when drains are suspended', () => {
    const known = () => {
      throw new Error('not needed');
    };
    expect(trusted({ known })).toBe(5_000);
  });
});

describe('trustedProbeMs in one run', () => {
  it.each<[string, Partial<ProbeEvidence>, number]>([
    ['everything was observed, and most checks work: now', {}, 9_000],
    [
      'not everything was observed: never, although something was healthy',
      { everythingObserved: false },
      NEVER,
    ],
    ['most healthy checks fail: never', { known: () => [WORKING, FAILING, FAILING] }, NEVER],
    ['nothing is checked: never', { known: () => [] }, NEVER],
    [
      'an earlier run has suspended drains, and most checks work now: now',
      { suspectSinceMs: 4_000, lastSuccessfulProbeMs: NEVER },
      9_000,
    ],
  ])('%s', (_, changes, expected) => {
    expect(trusted({ once: true, ...changes })).toBe(expected);
  });
});
