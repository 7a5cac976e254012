import { expect, it } from 'vitest';
import { probesWork } from '../../../src/health/probes-work.ts';
import { healthOf } from '../../support/assessments.ts';

const fine = healthOf('healthy');
const failing = healthOf('healthy', { streak: 1, streakOf: 'failures' });
const down = healthOf('unhealthy');
const unknown = healthOf('unknown', { streak: 1, streakOf: 'successes' });

it.each([
  ['nothing', [], false],
  ['one that is healthy', [fine], true],
  ['one that is healthy among many that are down', [fine, down, down, down], true],
  ['nothing that has come to be healthy', [unknown, down], false],
  ['as many that fail as do not', [fine, failing], true],
  ['mostly such as are about to fall', [fine, failing, failing], false],
])('probesWork, with %s', (_, known, clearly) => {
  expect(probesWork(known)).toBe(clearly);
});
