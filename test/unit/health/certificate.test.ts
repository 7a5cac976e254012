import { describe, expect, it } from 'vitest';
import { certificateProblem } from '../../../src/health/certificate.ts';
import type { TlsPeer } from '../../../src/health/dialer.ts';
import { WallClockWatch } from '../../../src/health/wall-clock-watch.ts';
import type { TlsSettings } from '../../../src/model/target.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 5, 1);
const VERIFYING: TlsSettings = { verify: true, minValidityMs: 0 };

function peer(days: number, code?: string): TlsPeer {
  const problem = code === undefined ? {} : { problem: { code, message: `it says ${code}` } };
  return { validUntilWallMs: NOW_MS + days * DAY_MS, ...problem };
}

describe('certificateProblem', () => {
  it.each<[string, TlsPeer, Partial<TlsSettings>, string | undefined]>([
    ['a good one', peer(30), {}, undefined],
    ['one that is over', peer(-1), {}, 'CertificateExpired'],
    ['one that is over this moment', peer(0), {}, 'CertificateExpired'],
    ['one that is over and may be', peer(-1, 'CERT_HAS_EXPIRED'), { verify: false }, undefined],
    [
      'one over, though any will do, when a rest is asked for',
      peer(-1),
      { verify: false, minValidityMs: 1 },
      'CertificateExpired',
    ],
    ['an intermediate that is over', peer(30, 'CERT_HAS_EXPIRED'), {}, 'CertificateExpired'],
    ['one that is not valid yet', peer(30, 'CERT_NOT_YET_VALID'), {}, 'CertificateNotYetValid'],
    ['one for another name', peer(30, 'ERR_TLS_CERT_ALTNAME_INVALID'), {}, 'CertificateNameMismatch'],
    ['self-signed', peer(30, 'DEPTH_ZERO_SELF_SIGNED_CERT'), {}, 'CertificateUntrusted'],
    ['any, when any will do', peer(30, 'DEPTH_ZERO_SELF_SIGNED_CERT'), { verify: false }, undefined],
    ['one with enough rest', peer(8), { minValidityMs: 7 * DAY_MS }, undefined],
    ['one with too little rest', peer(6), { minValidityMs: 7 * DAY_MS }, 'CertificateExpiresSoon'],
    [
      'one that is over and for another name',
      peer(-1, 'ERR_TLS_CERT_ALTNAME_INVALID'),
      {},
      'CertificateExpired',
    ],
    ['none at all, unverified', {}, { verify: false }, undefined],
  ])('%s', (_, shown, settings, reason) => {
    const outcome = certificateProblem(
      shown,
      { ...VERIFYING, ...settings },
      { nowMs: NOW_MS, trusted: true },
    );
    expect(outcome?.reason).toBe(reason);
    if (outcome?.healthy === false) expect(outcome.speaksOf).toBe('backend');
  });

  it('names the end of the validity', () => {
    const outcome = certificateProblem(peer(-1), VERIFYING, { nowMs: NOW_MS, trusted: true });
    expect(outcome?.message).toBe('the certificate was valid until 2026-05-31');
  });

  it('does not count an expiry while the clock has just been set', () => {
    const doubted = { nowMs: NOW_MS, trusted: false };
    expect(certificateProblem(peer(-1), VERIFYING, doubted)).toMatchObject({ speaksOf: 'worker' });
    expect(certificateProblem(peer(9, 'CERT_NOT_YET_VALID'), VERIFYING, doubted)).toMatchObject({
      speaksOf: 'worker',
    });
    expect(certificateProblem(peer(9, 'SELF_SIGNED_CERT_IN_CHAIN'), VERIFYING, doubted)).toMatchObject({
      speaksOf: 'backend',
    });
  });
});

describe('WallClockWatch', () => {
  it('trusts a clock that runs, and one that is slewed', async () => {
    const clock = new ManualClock();
    const watch = new WallClockWatch(clock);
    for (let minute = 0; minute < 10; minute += 1) {
      await clock.advance(60_000);
      clock.jumpWall(minute % 2 === 0 ? 30_000 : -30_000);
      expect(watch.isTrusted()).toBe(true);
    }
  });

  it.each([3 * 3_600_000, -3 * 3_600_000])(
    'does not trust a clock for an hour after a jump of %i ms',
    async (byMs) => {
      const clock = new ManualClock();
      const watch = new WallClockWatch(clock);
      clock.jumpWall(byMs);
      expect(watch.isTrusted()).toBe(false);
      await clock.advance(3_599_000);
      expect(watch.isTrusted()).toBe(false);
      await clock.advance(1_000);
      expect(watch.isTrusted()).toBe(true);
    },
  );
});
