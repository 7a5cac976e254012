import { describe, expect, it } from 'vitest';
import { requeueAtMs } from '../../../src/sync/requeue.ts';

const NEVER = Number.POSITIVE_INFINITY;

describe('what others stand in the way of is read again', () => {
  it.each(['Refused', 'Pending'] as const)('half a minute after it was found so: %s', (phase) => {
    expect(requeueAtMs({ requeueAtMs: NEVER }, { phase }, 1_000)).toBe(31_000);
  });

  it('no later because it is decided again meanwhile, as it is with every answer to its name', () => {
    let entry = { requeueAtMs: NEVER };
    for (let nowMs = 1_000; nowMs < 31_000; nowMs += 5_000) {
      entry = { requeueAtMs: requeueAtMs(entry, { phase: 'Refused' }, nowMs) };
    }
    expect(entry.requeueAtMs).toBe(31_000);
  });

  it('not for ever: when nothing stands in the way any more, nothing has to be looked at', () => {
    expect(requeueAtMs({ requeueAtMs: 31_000 }, { phase: 'Published' }, 2_000)).toBe(NEVER);
  });
});
