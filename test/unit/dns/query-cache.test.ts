import { expect, it } from 'vitest';
import { QueryCache } from '../../../src/dns/query-cache.ts';
import { host } from '../../support/dns-resolver.ts';

const NAME = host('db.example.test');

it('QueryCache keeps types, servers and services apart', () => {
  const cache = new QueryCache(10);
  const [one, other] = [host('_a._tcp.example.test'), host('_b._tcp.example.test')];
  const records = [
    cache.record(NAME, 'A', 'x'),
    cache.record(NAME, 'AAAA', 'x'),
    cache.record(NAME, 'A', 'y'),
    cache.given(one, NAME, 'A', 'x'),
    cache.given(other, NAME, 'A', 'x'),
  ];
  expect(new Set(records).size).toBe(5);
  expect(cache.record(NAME, 'A', 'x')).toBe(records[0]);
  expect(cache.given(one, NAME, 'A', 'x')).toBe(records[3]);
});

it('QueryCache limits the records of one name, and drops the oldest one that is not in flight', () => {
  const cache = new QueryCache(10);
  const underWay = cache.record(NAME, 'A', 'view 0');
  underWay.flight = { signal: new AbortController().signal, answer: new Promise(() => undefined) };
  const idle = cache.record(NAME, 'A', 'view 1');
  const latest = cache.record(NAME, 'A', 'view 2');
  for (let index = 3; index <= 256; index += 1) cache.record(NAME, 'A', `view ${index}`);
  expect(cache.record(NAME, 'A', 'view 0')).toBe(underWay);
  expect(cache.record(NAME, 'A', 'view 2')).toBe(latest);
  expect(cache.record(NAME, 'A', 'view 1')).not.toBe(idle);
});
