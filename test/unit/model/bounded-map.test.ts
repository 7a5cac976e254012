import { expect, it } from 'vitest';
import { BoundedMap } from '../../../src/model/bounded-map.ts';

it('BoundedMap forgets the entry that was set longest ago for a new one beyond its bound', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  expect(map.set('c', 3)).toBe(true);
  expect(map.get('a')).toBeUndefined();
  expect([...map.values()]).toEqual([2, 3]);
});

it('BoundedMap keeps an entry that is read', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  expect(map.get('a')).toBe(1);
  map.set('c', 3);
  expect([...map.values()]).toEqual([1, 3]);
});

it('BoundedMap makes an entry the newest when it is set again', () => {
  const map = new BoundedMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);
  expect([...map.values()]).toEqual([2, 3]);
  map.set('c', 4);
  expect([...map.values()]).toEqual([3, 4]);
});

it('BoundedMap passes over entries that may not be forgotten, and sets none when it holds only those', () => {
  const map = new BoundedMap<string, { isNeeded: boolean }>(2, ({ isNeeded }) => !isNeeded);
  map.set('a', { isNeeded: true });
  map.set('b', { isNeeded: false });
  expect(map.set('c', { isNeeded: true })).toBe(true);
  expect(map.get('b')).toBeUndefined();
  expect(map.set('d', { isNeeded: true })).toBe(false);
  expect(map.get('d')).toBeUndefined();
  map.delete('a');
  expect(map.set('d', { isNeeded: true })).toBe(true);
});
