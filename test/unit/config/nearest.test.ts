import { expect, test } from 'vitest';
import { editDistance, nearest } from '../../../src/config/nearest.ts';

test.each([
  ['', '', 0],
  ['abc', '', 3],
  ['abc', 'abc', 0],
  ['kitten', 'sitting', 3],
  ['naem', 'name', 1],
  ['ca', 'abc', 3],
])('the edit distance from %j to %j is %d', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test.each([
  ['healthcheck', 'healthCheck'],
  ['health_check', 'healthCheck'],
  ['HealthChek', 'healthCheck'],
  ['helthCeck', 'healthCheck'],
  ['port', 'ports'],
  ['prots', 'ports'],
  ['x', undefined],
  ['annotations', undefined],
  ['p'.repeat(65), undefined],
])('nearest for %j is %j', (word, meant) => {
  expect(nearest(word, ['name', 'ports', 'healthCheck'])).toBe(meant);
});
