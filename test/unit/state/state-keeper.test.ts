import { describe, expect, it } from 'vitest';
import type { Log } from '../../../src/model/log.ts';
import { StateKeeper } from '../../../src/state/state-keeper.ts';
import { EMPTY_STATE, type StateStore } from '../../../src/state/sync-state.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** A keeper whose store never answers, and what it logs. */
function keeperOf(state: Partial<StateStore>) {
  const clock = new ManualClock();
  const random = seededRandom(1);
  const told: string[] = [];
  const log: Log = { info: () => undefined, warn: (reason) => told.push(reason), error: () => undefined };
  const store: StateStore = {
    load: () => Promise.reject(new Error('nothing is loaded here')),
    save: () => Promise.reject(new Error('nothing is saved here')),
    ...state,
  };
  const keeper = new StateKeeper(
    { state: store, clock, random, log, isLeader: () => true },
    () => EMPTY_STATE,
  );
  return { keeper, told, clock };
}

describe('saving at the end of the process', () => {
  it('is given up and told when the API server takes too long', async () => {
    const { keeper, told } = keeperOf({
      save: (_state, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    });
    const time = new AbortController();
    const saving = keeper.saveAtLast(time.signal);
    time.abort(new Error('time to shut down is over'));
    await expect(saving).resolves.toBeUndefined();
    expect(told).toEqual(['StateNotSaved']);
  });

  it('lets every other error through', async () => {
    const { keeper } = keeperOf({});
    const saving = keeper.saveAtLast(new AbortController().signal);
    await expect(saving).rejects.toThrow('nothing is saved here');
  });
});

describe('what a new leader wants to know', () => {
  const untilAborted: StateStore['load'] = (signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
    });

  it('is what the one before has saved', async () => {
    const state = { ...EMPTY_STATE, origins: new Map([['shop/db', ['host db.example']]]) };
    const { keeper } = keeperOf({ load: async () => ({ kind: 'found', state, notes: [] }) });
    expect(await keeper.loadOnce(new AbortController().signal)).toBe(state);
  });

  it('is not asked for when it is this process that has saved last', async () => {
    const { keeper } = keeperOf({
      load: async () => ({ kind: 'found', isOwn: true, state: EMPTY_STATE, notes: [] }),
    });
    expect(await keeper.loadOnce(new AbortController().signal)).toBeUndefined();
  });

  it('is nothing when the API server takes longer than a second', async () => {
    const { keeper, clock } = keeperOf({ load: untilAborted });
    const loading = keeper.loadOnce(new AbortController().signal);
    await clock.advance(999);
    expect(clock.sleeping).toBe(1);
    await clock.advance(1);
    expect(await loading).toBe(EMPTY_STATE);
    expect(clock.sleeping).toBe(0);
  });

  it('is not waited for when the process is to end', async () => {
    const { keeper, clock } = keeperOf({ load: untilAborted });
    const ending = new AbortController();
    const loading = keeper.loadOnce(ending.signal);
    ending.abort(new Error('received SIGTERM'));
    await expect(loading).rejects.toThrow('received SIGTERM');
    expect(clock.sleeping).toBe(0);
  });
});
