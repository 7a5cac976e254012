import { expect, it } from 'vitest';
import { probesWork } from '../../../src/health/probes-work.ts';
import { healthOf } from '../../support/assessments.ts';

const fine = healthOf('healthy');
const failing = healthOf('healthy', { streak: 1, streakOf: 'failures' });
const down = healthOf('unhealthy');
const unknown = healthOf('unknown', { streak: 1, streakOf: 'successes' });

it.each([
  ['no check', [], false],
  ['one healthy check', [fine], true],
  ['one healthy check among many unhealthy ones', [fine, down, down, down], true],
  ['no healthy check', [unknown, down], false],
  ['as many failing checks as others', [fine, failing], true],
  ['mostly failing checks', [fine, failing, failing], false],
])('probesWork, with %s', (_, known, clearly) => {
  expect(probesWork(known)).toBe(clearly);
});
