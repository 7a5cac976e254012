import { describe, expect, it } from 'vitest';
import { matcherOf } from '../../../src/health/expectation.ts';

const answer = (text: string) => Buffer.from(text, 'latin1');

const noCpu = () => 0;

describe('matcherOf', () => {
  it.each<[string, string, string]>([
    ['PONG', '+PONG\r\n', 'match'],
    ['pong', '+PONG\r\n', 'noMatch'],
    ['', '', 'match'],
  ])('looks for the bytes %j in %j: %s', (wanted, received, match) => {
    expect(matcherOf({ kind: 'bytes', bytes: answer(wanted) }, noCpu)(answer(received))).toBe(match);
  });

  it.each<[string, string, string]>([
    ['^\\+PONG', '+PONG\r\n', 'match'],
    ['^PONG', '+PONG\r\n', 'noMatch'],
    ['a.b', 'a\nb', 'match'],
    ['^\\xe9$', '\xe9', 'match'],
  ])('looks for the pattern %s in %j: %s', (source, received, match) => {
    expect(matcherOf({ kind: 'pattern', source }, noCpu)(answer(received))).toBe(match);
  });

  describe('a pattern that backtracks without end', () => {
    const endless = { kind: 'pattern', source: '^(a+)+$' } as const;
    const trap = answer(`${'a'.repeat(60)}b`);

    it('is stopped, and the next one works', () => {
      // A second of CPU time for each call: the process was running all the time.
      let cpuMs = 0;
      const busy = () => {
        cpuMs += 1_000;
        return cpuMs;
      };
      expect(matcherOf(endless, busy)(trap)).toBe('tooSlow');
      expect(matcherOf(endless, noCpu)(answer('aaa'))).toBe('match');
    });

    it('has one time limit for an answer, in however many pieces it arrives', () => {
      // 49 ms for the first match. A pattern that takes 1 ms more has then used its time and was not stalled.
      const readings = [0, 49, 100, 101];
      const look = matcherOf({ kind: 'pattern', source: '^(a+)+$' }, () => readings.shift() ?? Number.NaN);
      expect(look(answer('b'))).toBe('noMatch');
      expect(look(trap)).toBe('tooSlow');
    });

    it('is no failure of the backend while this process was hardly running', () => {
      expect(matcherOf(endless, () => 7)(trap)).toBe('stalled');
    });
  });
});
