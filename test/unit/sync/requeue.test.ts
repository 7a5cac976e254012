import { describe, expect, it } from 'vitest';
import { requeueAtMs } from '../../../src/sync/requeue.ts';

const NEVER = Number.POSITIVE_INFINITY;

describe('requeueAtMs', () => {
  it('reads a target again half a minute after its plan changed nothing', () => {
    expect(requeueAtMs({ requeueAtMs: NEVER }, true, 1_000)).toBe(31_000);
  });

  it('is not put off by decisions in between, as every DNS answer brings one', () => {
    let record = { requeueAtMs: NEVER };
    for (let nowMs = 1_000; nowMs < 31_000; nowMs += 5_000) {
      record = { requeueAtMs: requeueAtMs(record, true, nowMs) };
    }
    expect(record.requeueAtMs).toBe(31_000);
  });

  it('ends when a plan goes through', () => {
    expect(requeueAtMs({ requeueAtMs: 31_000 }, false, 2_000)).toBe(NEVER);
  });
});
