import { expect, it } from 'vitest';
import type { Log } from '../../../src/sync/log.ts';
import { Reachability } from '../../../src/sync/reachability.ts';
import { steadyLog } from '../../../src/sync/steady-log.ts';
import { SkippingClock } from '../../support/skipping-clock.ts';

function recording() {
  const lines: string[] = [];
  const keep =
    (level: string) =>
    (reason: string, message: string, fields: object = {}) =>
      lines.push(`${level} ${reason}: ${message} ${JSON.stringify(fields)}`);
  const log: Log = { info: keep('info'), warn: keep('warn'), error: keep('error') };
  return { log, lines };
}

it('a warning that is repeated comes once a minute, and says how often it was left out', () => {
  const { log, lines } = recording();
  const clock = new SkippingClock();
  const steady = steadyLog(log, clock);
  for (let second = 0; second < 130; second++) {
    steady.warn('Unreachable', 'connect ECONNREFUSED', { tries: second });
    clock.advance(1_000);
  }
  expect(lines).toEqual([
    'warn Unreachable: connect ECONNREFUSED {"tries":0}',
    'warn Unreachable: connect ECONNREFUSED {"tries":60,"leftOut":59}',
    'warn Unreachable: connect ECONNREFUSED {"tries":120,"leftOut":59}',
  ]);
});

it('other warnings, and all that is no warning, come as they are', () => {
  const { log, lines } = recording();
  const steady = steadyLog(log, new SkippingClock());
  for (const message of ['one', 'two']) {
    steady.warn('Timeout', message);
    steady.info('Leading', 'same');
    steady.error('Broken', 'same');
  }
  expect(lines).toHaveLength(6);
});

it('that the API server answers again is told once, with how long it did not', () => {
  const { log, lines } = recording();
  const clock = new SkippingClock();
  const reachability = new Reachability(log, clock);
  reachability.note(200);
  reachability.note(0);
  clock.advance(61_000);
  reachability.note(0);
  clock.advance(1_000);
  reachability.note(503);
  reachability.note(200);
  expect(lines).toEqual(['info Reachable: the API server answers again, after 62 s {"seconds":62}']);
});
