import { describe, expect, it } from 'vitest';
import { TokenBucket } from '../../../src/time/token-bucket.ts';

describe('TokenBucket', () => {
  it('gives its burst at once, then its rate, and never more than its burst', () => {
    const bucket = new TokenBucket(6, 6);
    const taken = (nowMs: number) =>
      Array.from({ length: 10 }, () => bucket.take(nowMs)).filter(Boolean).length;
    expect([taken(0), taken(0), taken(10_000), taken(30_000), taken(600_000)]).toEqual([6, 0, 1, 2, 6]);
  });

  it('says when the next token is there, and has it then', () => {
    const bucket = new TokenBucket(1, 120);
    expect(bucket.nextMs(1_000)).toBe(1_000);
    expect(bucket.take(1_000)).toBe(true);
    expect(bucket.take(1_000)).toBe(false);
    expect(bucket.nextMs(1_100)).toBeCloseTo(1_500);
    expect(bucket.take(bucket.nextMs(1_200))).toBe(true);
  });

  it('has no token ever if its burst is 0', () => {
    const bucket = new TokenBucket(0, 0);
    expect(bucket.take(1_000_000)).toBe(false);
    expect(bucket.nextMs(1_000_000)).toBe(Number.POSITIVE_INFINITY);
  });
});
