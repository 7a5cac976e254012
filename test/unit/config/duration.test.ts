import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/config/quantities.ts';

describe('parseDuration and formatDuration', () => {
  test.each([
    ['0', 0],
    ['0s', 0],
    ['250ms', 250],
    ['10s', 10_000],
    ['1.5s', 1_500],
    ['1.1s', 1_100],
    ['1h30m', 5_400_000],
    ['1m1m', 120_000],
    ['2000us', 2],
    ['2000µs', 2],
    ['2000μs', 2],
    ['3000000ns', 3],
    ['168h', 604_800_000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toEqual({ ok: true, ms });
  });

  const FORM = 'a duration consists of numbers and units (h, m, s, ms), such as 10s or 1h30m';
  test.each([
    ['', FORM, undefined],
    ['s', FORM, undefined],
    ['.5s', FORM, undefined],
    ['1.s', FORM, undefined],
    ['+1s', FORM, undefined],
    ['1h 30m', FORM, 'write 1h30m'],
    ['10S', FORM, 'write 10s'],
    ['10 s', FORM, 'write 10s'],
    ['1d', FORM, 'write 24h'],
    ['2w', FORM, 'write 336h'],
    ['5 minutes', FORM, 'write 5m'],
    ['10sec', FORM, 'write 10s'],
    ['10s!', FORM, undefined],
    ['PT10S', FORM, undefined],
    ['10', 'the duration has no unit', 'write 10s for seconds or 10ms for milliseconds'],
    ['-10s', 'a duration cannot be negative', undefined],
    ['1us', 'a duration must be a whole number of milliseconds', undefined],
    ['1.5ms', 'a duration must be a whole number of milliseconds', undefined],
    ['0.0000000000000001h', 'a duration must be a whole number of milliseconds', undefined],
    [`${'9'.repeat(50)}h`, FORM, undefined],
    ['1s'.repeat(50), FORM, undefined],
  ])('rejects %j: %s', (text, message, hint) => {
    const result = parseDuration(text);
    expect(result).toEqual({ ok: false, problem: hint === undefined ? { message } : { message, hint } });
  });

  test.each([
    [0, '0s'],
    [1, '1ms'],
    [90_000, '1m30s'],
    [86_400_000, '24h'],
    [3_600_001, '1h1ms'],
    [Number.POSITIVE_INFINITY, 'forever'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
