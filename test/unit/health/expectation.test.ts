import { describe, expect, it } from 'vitest';
import { matcherOf } from '../../../src/health/expectation.ts';

const answer = (text: string) => Buffer.from(text, 'latin1');

describe('matcherOf', () => {
  it.each<[string, string, boolean]>([
    ['PONG', '+PONG\r\n', true],
    ['pong', '+PONG\r\n', false],
    ['', '', true],
  ])('finds the bytes %j in %j: %s', (wanted, received, found) => {
    expect(matcherOf({ kind: 'bytes', bytes: answer(wanted) })(answer(received))).toBe(found);
  });

  it.each<[string, string, boolean]>([
    ['^\\+PONG', '+PONG\r\n', true],
    ['^PONG', '+PONG\r\n', false],
    ['a.b', 'a\nb', true],
    ['^\\xe9$', '\xe9', true],
  ])('finds the pattern %s in %j: %s', (source, received, found) => {
    expect(matcherOf({ kind: 'pattern', source })(answer(received))).toBe(found);
  });

  it('gives up a pattern that would go on for ever, and is as good as new afterwards', () => {
    const startedMs = performance.now();
    expect(matcherOf({ kind: 'pattern', source: '^(a+)+$' })(answer(`${'a'.repeat(60)}b`))).toBe(false);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(matcherOf({ kind: 'pattern', source: '^(a+)+$' })(answer('aaa'))).toBe(true);
  });
});
