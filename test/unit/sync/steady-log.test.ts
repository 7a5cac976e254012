import { describe, expect, it } from 'vitest';
import type { LogFields } from '../../../src/model/log.ts';
import { steadyLog } from '../../../src/sync/steady-log.ts';
import { ManualClock } from '../../support/manual-clock.ts';

function listening() {
  const clock = new ManualClock();
  const lines: (readonly [string, LogFields])[] = [];
  const note = (reason: string, message: string, fields: LogFields = {}) =>
    lines.push([`${reason}: ${message}`, fields]);
  return { clock, lines, log: steadyLog({ info: note, warn: note, error: note }, clock) };
}

describe('a steady log', () => {
  it('tells trouble that lasts once a minute, and how often it was left out', async () => {
    const { clock, lines, log } = listening();
    for (let second = 0; second < 150; second++) {
      log.warn('Unreachable', 'leader election: refused', { tries: second });
      await clock.advance(1_000);
    }
    expect(lines).toEqual([
      ['Unreachable: leader election: refused', { tries: 0 }],
      ['Unreachable: leader election: refused', { tries: 60, leftOut: 59 }],
      ['Unreachable: leader election: refused', { tries: 120, leftOut: 59 }],
    ]);
  });

  it('tells apart what has another reason, and leaves out nothing that is no warning', () => {
    const { lines, log } = listening();
    for (let twice = 0; twice < 2; twice++) {
      log.warn('Conflict', 'no');
      log.warn('Forbidden', 'no');
      log.error('Conflict', 'no');
      log.info('Missing', 'create Service');
    }
    expect(lines).toHaveLength(2 + 4);
  });

  it('tells what changes about a target each time', () => {
    const { lines, log } = listening();
    const down = { target: 'shop/db', address: '10.0.0.1' };
    for (let flaps = 0; flaps < 3; flaps++) log.warn('ConnectionRefused', 'address is not ready', down);
    expect(lines).toHaveLength(3);
  });

  it('remembers a bounded number of lines', () => {
    const { lines, log } = listening();
    for (let at = 0; at < 1_001; at++) log.warn('Conflict', `no ${at}`);
    log.warn('Conflict', 'no 1000');
    log.warn('Conflict', 'no 0');
    expect(lines).toHaveLength(1_002);
  });
});
