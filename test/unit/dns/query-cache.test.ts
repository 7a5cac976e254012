import { expect, it } from 'vitest';
import { QueryCache } from '../../../src/dns/query-cache.ts';
import { host } from '../../support/dns-resolver.ts';

const NAME = host('db.example.test');

it('keeps types, servers and services apart', () => {
  const book = new QueryCache(10);
  const [one, other] = [host('_a._tcp.example.test'), host('_b._tcp.example.test')];
  const records = [
    book.record(NAME, 'A', 'x'),
    book.record(NAME, 'AAAA', 'x'),
    book.record(NAME, 'A', 'y'),
    book.given(one, NAME, 'A', 'x'),
    book.given(other, NAME, 'A', 'x'),
  ];
  expect(new Set(records).size).toBe(5);
  expect(book.record(NAME, 'A', 'x')).toBe(records[0]);
  expect(book.given(one, NAME, 'A', 'x')).toBe(records[3]);
});

it('is bounded for one name too: the way of asking that was known first is forgotten, unless it is under way', () => {
  const book = new QueryCache(10);
  const underWay = book.record(NAME, 'A', 'view 0');
  underWay.flight = { signal: new AbortController().signal, answer: new Promise(() => undefined) };
  const idle = book.record(NAME, 'A', 'view 1');
  const latest = book.record(NAME, 'A', 'view 2');
  for (let index = 3; index <= 256; index += 1) book.record(NAME, 'A', `view ${index}`);
  expect(book.record(NAME, 'A', 'view 0')).toBe(underWay);
  expect(book.record(NAME, 'A', 'view 2')).toBe(latest);
  expect(book.record(NAME, 'A', 'view 1')).not.toBe(idle);
});
