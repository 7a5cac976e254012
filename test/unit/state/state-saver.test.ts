import { describe, expect, it } from 'vitest';
import type { Log } from '../../../src/model/log.ts';
import { StateSaver } from '../../../src/state/state-saver.ts';
import type { StateStore } from '../../../src/state/sync-state.ts';
import { EMPTY_STATE } from '../../support/empty-state.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** A StateSaver whose store never answers, and its log. */
function keeperOf(state: Partial<StateStore>) {
  const clock = new ManualClock();
  const random = seededRandom(1);
  const reported: string[] = [];
  const log: Log = { info: () => undefined, warn: (reason) => reported.push(reason), error: () => undefined };
  const store: StateStore = {
    load: () => Promise.reject(new Error('nothing is loaded here')),
    save: () => Promise.reject(new Error('nothing is saved here')),
    forget: async () => [],
    ...state,
  };
  const recorder = new StateSaver(
    { state: store, clock, random, log, isLeader: () => true },
    () => new Map(),
  );
  return { recorder, reported, clock };
}

describe('saving at the end of the process', () => {
  it('ends with a warning if the API server takes too long', async () => {
    const { recorder, reported } = keeperOf({
      save: (_state, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    });
    const time = new AbortController();
    const saving = recorder.saveAtLast(time.signal);
    time.abort(new Error('time to shut down is over'));
    await expect(saving).resolves.toBeUndefined();
    expect(reported).toEqual(['StateNotSaved']);
  });

  it('rejects with every other error', async () => {
    const { recorder } = keeperOf({});
    const saving = recorder.saveAtLast(new AbortController().signal);
    await expect(saving).rejects.toThrow('nothing is saved here');
  });
});

describe('the state that a new leader loads', () => {
  const untilAborted: StateStore['load'] = (signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });

  it('is the one that the previous leader saved', async () => {
    const states = new Map([
      ['shop', { ...EMPTY_STATE, sources: new Map([['shop/db', ['host db.example']]]) }],
    ]);
    const { recorder } = keeperOf({ load: async () => ({ kind: 'found', states, notes: [] }) });
    expect(await recorder.loadOnce(new AbortController().signal)).toBe(states);
  });

  it('is not needed if this process saved last', async () => {
    const { recorder } = keeperOf({
      load: async () => ({ kind: 'found', isOwn: true, states: new Map(), notes: [] }),
    });
    expect(await recorder.loadOnce(new AbortController().signal)).toBeUndefined();
  });

  it('is empty if the API server takes longer than a second', async () => {
    const { recorder, clock } = keeperOf({ load: untilAborted });
    const loading = recorder.loadOnce(new AbortController().signal);
    await clock.advance(999);
    expect(clock.sleeping).toBe(1);
    await clock.advance(1);
    expect(await loading).toEqual(new Map());
    expect(clock.sleeping).toBe(0);
  });

  it('is not waited for after an abort', async () => {
    const { recorder, clock } = keeperOf({ load: untilAborted });
    const ending = new AbortController();
    const loading = recorder.loadOnce(ending.signal);
    ending.abort(new Error('received SIGTERM'));
    await expect(loading).rejects.toThrow('received SIGTERM');
    expect(clock.sleeping).toBe(0);
  });
});
