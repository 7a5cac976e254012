import { expect, it } from 'vitest';
import type { Log } from '../../../src/model/log.ts';
import { Reachability } from '../../../src/sync/reachability.ts';
import { SkippingClock } from '../../support/skipping-clock.ts';

it('that the API server answers again is told once, with how long it did not', () => {
  const lines: string[] = [];
  const fail = () => {
    throw new Error('only good news are told here');
  };
  const log: Log = {
    info: (reason, message, fields) => lines.push(`${reason}: ${message} ${JSON.stringify(fields)}`),
    warn: fail,
    error: fail,
  };
  const clock = new SkippingClock();
  const reachability = new Reachability(log, clock);
  reachability.note(200);
  reachability.note(0);
  clock.advance(61_000);
  reachability.note(0);
  clock.advance(1_000);
  reachability.note(503);
  reachability.note(200);
  expect(lines).toEqual(['Reachable: the API server answers again, after 62 s {"seconds":62}']);
});
