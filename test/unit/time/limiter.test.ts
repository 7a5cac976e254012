import { describe, expect, it } from 'vitest';
import { Limiter } from '../../../src/time/limiter.ts';
import { settle } from '../../support/manual-clock.ts';

describe('Limiter', () => {
  it('never starts more work than its limit, also when work arrives while a slot becomes free', async () => {
    const limiter = new Limiter(1);
    let underWay = 0;
    let most = 0;
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const work = (name: string) =>
      limiter.run(async () => {
        begun.push(name);
        most = Math.max(most, ++underWay);
        await new Promise<void>((resolve) => ends.push(resolve));
        underWay -= 1;
      });
    const first = work('first');
    const second = work('second');
    const third = first.then(() => work('third'));
    ends.shift()?.();
    await settle();
    expect(begun).toEqual(['first', 'second']);
    ends.shift()?.();
    await settle();
    ends.shift()?.();
    await Promise.all([first, second, third]);
    expect(begun).toEqual(['first', 'second', 'third']);
    expect(most).toBe(1);
    expect(limiter.hasRoom).toBe(true);
  });

  it('passes the slot of failed work to the next', async () => {
    const limiter = new Limiter(1);
    const failing = limiter.run(() => Promise.reject(new Error('no')));
    const next = limiter.run(async () => 'done');
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe('done');
  });
});
