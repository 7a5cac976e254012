import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { withinTime } from '../../../src/cluster/within-time.ts';
import { deadlineAfter } from '../../../src/time/deadline.ts';
import { runTogether } from '../../../src/time/run-together.ts';
import { Signal } from '../../../src/time/signal.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { SkippingClock } from '../../support/skipping-clock.ts';

const never = new AbortController().signal;
const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('Signal', () => {
  it('sleeps until the time is over, and says that it was not notified', async () => {
    const clock = new ManualClock();
    const sleep = new Signal(clock).sleep(1_000, never);
    await clock.advance(1_000);
    expect(await sleep).toBe(false);
    expect(clock.sleeping).toBe(0);
  });

  it('ends a sleep at once when notified', async () => {
    const clock = new ManualClock();
    const signal = new Signal(clock);
    const sleep = signal.sleep(1_000, never);
    signal.notify();
    expect(await sleep).toBe(true);
    expect(clock.sleeping).toBe(0);
  });

  it('ends the next sleep at once when notified before, and only that one', async () => {
    const clock = new ManualClock();
    const signal = new Signal(clock);
    signal.notify();
    signal.notify();
    expect(await signal.sleep(1_000, never)).toBe(true);
    const second = signal.sleep(1_000, never);
    await clock.advance(1_000);
    expect(await second).toBe(false);
  });

  it('notifyBefore ends a sleep that lasts longer, and no other', async () => {
    const clock = new ManualClock();
    const signal = new Signal(clock);
    const sleep = signal.sleepUntil(5_000, never);
    signal.notifyBefore(5_000);
    await clock.advance(0);
    expect(clock.sleeping).toBe(1);
    signal.notifyBefore(4_999);
    expect(await sleep).toBe(true);
  });

  it.each([0, 1, 2])('rejects with the reason of the signal that aborts, number %i of three', async (at) => {
    const clock = new ManualClock();
    const controllers = [new AbortController(), new AbortController(), new AbortController()];
    const signals = controllers.map(({ signal }) => signal);
    const sleep = new Signal(clock).sleep(1_000, ...signals);
    controllers[at]?.abort(new Error(`number ${at}`));
    await expect(sleep).rejects.toThrow(`number ${at}`);
    expect(signals.map(listeners)).toEqual([0, 0, 0]);
    expect(clock.sleeping).toBe(0);
  });

  it('ends every sleep when notified', async () => {
    const clock = new ManualClock();
    const signal = new Signal(clock);
    const sleeps = Promise.all([signal.sleep(1_000, never), signal.sleep(2_000, never)]);
    signal.notify();
    await sleeps;
    expect(clock.sleeping).toBe(0);
  });
});

describe('no listener stays on a long-lived signal after 1,000', () => {
  const clock = new SkippingClock();
  const signal = new Signal(clock);
  const tooLate = new Error('too late');

  it.each<readonly [string, (until: AbortSignal, other: AbortSignal) => Promise<unknown>]>([
    ['sleeps that end by time', (until, other) => signal.sleep(1_000, until, other)],
    [
      'sleeps that a notification ends',
      (until, other) => {
        signal.notify();
        return signal.sleep(1_000, until, other);
      },
    ],
    ['deadlines that are over', (until, other) => deadlineAfter(1_000, clock, tooLate, until, other).end()],
    [
      'requests that are answered in time',
      (until) => withinTime(new ManualClock(), 1_000, until, async () => 'answer'),
    ],
    ['tasks that end', (until) => runTogether([async () => undefined], until)],
    [
      'tasks that fail',
      (until) =>
        runTogether([() => Promise.reject(tooLate)], until).catch((error) => expect(error).toBe(tooLate)),
    ],
  ])('%s', async (_what, wait) => {
    const [one, other] = [new AbortController().signal, new AbortController().signal];
    for (let index = 0; index < 1_000; index += 1) await wait(one, other);
    expect([listeners(one), listeners(other)]).toEqual([0, 0]);
  });
});

describe('deadlineAfter', () => {
  it('aborts with its own reason when the time is over', async () => {
    const clock = new ManualClock();
    const reason = new Error('too late');
    const deadline = deadlineAfter(1_000, clock, reason, never);
    await clock.advance(1_000);
    expect(deadline.signal.reason).toBe(reason);
    await deadline.end();
  });

  it('aborts with the reason of a signal that aborts first', async () => {
    const clock = new ManualClock();
    const controller = new AbortController();
    const deadline = deadlineAfter(1_000, clock, new Error('too late'), controller.signal);
    controller.abort('stopped');
    expect(deadline.signal.reason).toBe('stopped');
    await deadline.end();
    expect(clock.sleeping).toBe(0);
  });

  it('does not abort after it was ended', async () => {
    const clock = new ManualClock();
    const deadline = deadlineAfter(1_000, clock, new Error('too late'));
    await deadline.end();
    await clock.advance(2_000);
    expect(deadline.signal.aborted).toBe(false);
  });
});
