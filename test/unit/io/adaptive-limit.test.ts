import { describe, expect, it } from 'vitest';
import { AdaptiveLimit } from '../../../src/io/adaptive-limit.ts';
import { settle } from '../../support/manual-clock.ts';

const never = new AbortController().signal;
type Verdict = 'wentWell' | 'tooMuch' | 'saysNothing';

/** Work that the test ends. */
function load(limit: AdaptiveLimit) {
  const ends: ((verdict: Verdict) => void)[] = [];
  const begin = (signal = never) =>
    limit.run(
      () => new Promise<Verdict>((resolve) => ends.push(resolve)),
      (verdict) => verdict,
      signal,
    );
  return {
    begin,
    get running() {
      return ends.length;
    },
    async end(count: number, verdict: Verdict): Promise<void> {
      for (const end of ends.splice(0, count)) end(verdict);
      await settle();
    },
  };
}

describe('AdaptiveLimit', () => {
  it('starts work up to its limit, and the rest in order', async () => {
    const work = load(new AdaptiveLimit(4));
    const done = Array.from({ length: 10 }, () => work.begin());
    await settle();
    expect(work.running).toBe(4);
    await work.end(1, 'wentWell');
    expect(work.running).toBe(4);
    await work.end(4, 'saysNothing');
    await work.end(4, 'saysNothing');
    await work.end(1, 'saysNothing');
    await Promise.all(done);
    expect(work.running).toBe(0);
  });

  it('halves once for one overload, whatever the number of rejections, and never below one', async () => {
    const limit = new AdaptiveLimit(16);
    const work = load(limit);
    for (let at = 0; at < 16; at++) void work.begin();
    await settle();
    await work.end(16, 'tooMuch');
    expect(limit.current).toBe(8);
    for (let round = 0; round < 10; round++) {
      void work.begin();
      await settle();
      await work.end(1, 'tooMuch');
    }
    expect(limit.current).toBe(1);
  });

  it('grows by one after as many successes as its limit, up to its maximum', async () => {
    const limit = new AdaptiveLimit(8);
    const work = load(limit);
    const succeed = async (count: number) => {
      for (let at = 0; at < count; at++) {
        void work.begin();
        await settle();
        await work.end(1, 'wentWell');
      }
    };
    void work.begin();
    await settle();
    await work.end(1, 'tooMuch');
    expect(limit.current).toBe(4);
    await succeed(4);
    expect(limit.current).toBe(4);
    await succeed(1);
    expect(limit.current).toBe(5);
    await succeed(1_000);
    expect(limit.current).toBe(8);
  });

  it('does not start work whose signal has aborted', async () => {
    const limit = new AdaptiveLimit(1);
    const work = load(limit);
    const first = work.begin();
    const stop = new AbortController();
    const second = work.begin(stop.signal);
    const third = work.begin();
    await settle();
    const reason = new Error('stop');
    stop.abort(reason);
    await expect(second).rejects.toBe(reason);
    await expect(work.begin(stop.signal)).rejects.toBe(reason);
    await work.end(1, 'wentWell');
    expect(work.running).toBe(1);
    await work.end(1, 'wentWell');
    await Promise.all([first, third]);
  });

  it('frees the slot of work that fails', async () => {
    const limit = new AdaptiveLimit(1);
    const bug = new Error('a bug');
    const fail = () =>
      limit.run(
        () => Promise.reject(bug),
        () => 'wentWell' as const,
        never,
      );
    await expect(fail()).rejects.toBe(bug);
    await expect(fail()).rejects.toBe(bug);
  });
});
