import { describe, expect, it } from 'vitest';
import type { ApiFailure, WatchEvent } from '../../../src/cluster/object-store.ts';
import { Reflector, type ReflectorSettings } from '../../../src/cluster/reflector.ts';
import type { KubeObject } from '../../../src/manifest/kube-object.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { failureOf, listOf, ScriptedStore } from '../../support/scripted-store.ts';
import { seededRandom } from '../../support/seeded-random.ts';

function service(name: string, resourceVersion: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'shop', name, resourceVersion } };
}

function upsert(name: string, version: string): WatchEvent {
  return { type: 'MODIFIED', object: service(name, version) };
}

async function start(
  prepare: (store: ScriptedStore) => void = () => undefined,
  handlers: Partial<ReflectorSettings> = {},
) {
  const store = new ScriptedStore();
  prepare(store);
  const clock = new ManualClock();
  const reported: string[] = [];
  const troubles: ApiFailure[] = [];
  const names = (items: readonly KubeObject[]) => items.map(({ metadata }) => metadata.name).join(',');
  const reflector = new Reflector(
    { store: store as never, clock, random: seededRandom(1) },
    {
      kind: 'Service',
      scope: { namespace: 'shop', labelSelector: 'a=b' },
      onReplace: (items) => reported.push(`all ${names(items)}`),
      onUpsert: (object) => reported.push(`upsert ${names([object])}`),
      onDelete: (object) => reported.push(`delete ${names([object])}`),
      onTrouble: (failure) => troubles.push(failure),
      ...handlers,
    },
  );
  const stop = new AbortController();
  const done = reflector.run(stop.signal);
  done.catch(() => undefined);
  await settle();
  const end = async () => {
    stop.abort(new Error('stop'));
    await done;
    expect(clock.sleeping).toBe(0);
    expect(store.watches.every((watch) => watch.closed)).toBe(true);
  };
  return { store, clock, reported, troubles, reflector, done, end };
}

describe('Reflector', () => {
  it('lists once, and watches from that version', async () => {
    const run = await start((store) => store.answers.push(listOf('7', service('a', '3'), service('b', '5'))));
    expect(run.reflector.synced).toBe(true);
    run.store.current.send(upsert('a', '8'), { type: 'DELETED', object: service('b', '9') });
    await settle();
    expect(run.reported).toEqual(['all a,b', 'upsert a', 'delete b']);
    expect(run.store.current.scope).toEqual({
      namespace: 'shop',
      labelSelector: 'a=b',
      resourceVersion: '7',
    });
    await run.clock.advance(24 * 3_600_000);
    expect(run.store.lists).toHaveLength(1);
    expect(run.store.watches).toHaveLength(1);
    await run.end();
  });

  it('watches again at once from the last version or bookmark when the server ends the watch', async () => {
    const run = await start();
    run.store.current.send(upsert('a', '8'), { type: 'BOOKMARK', resourceVersion: '20' }, 'end');
    await settle();
    expect(run.store.watches.map((watch) => watch.scope.resourceVersion)).toEqual(['1', '20']);
    expect(run.store.lists).toHaveLength(1);
    expect(run.troubles).toEqual([]);
    await run.end();
  });

  it('lists again after an expired version', async () => {
    const run = await start();
    run.store.answers.push(listOf('90', service('c', '80')));
    run.store.current.send({ type: 'FAILED', failure: failureOf('Expired', 410) });
    await run.clock.advance(1_000);
    expect(run.reported).toEqual(['all ', 'all c']);
    expect(run.store.current.scope.resourceVersion).toBe('90');
    await run.end();
  });

  it('lists again after minutes of silence, and when the server has an older version than before', async () => {
    const run = await start((store) => store.answers.push(listOf('50'), listOf('60'), listOf('40')));
    run.store.current.send({ type: 'FAILED', failure: failureOf('Timeout', 0) });
    await run.clock.advance(1_000);
    expect(run.store.lists).toHaveLength(2);
    run.store.current.send({ type: 'BOOKMARK', resourceVersion: '40' });
    await run.clock.advance(2_000);
    expect(run.store.lists).toHaveLength(3);
    expect(run.store.current.scope.resourceVersion).toBe('40');
    expect(run.troubles.map(({ reason }) => reason)).toEqual(['Timeout', 'Expired']);
    await run.end();
  });

  it.each([
    failureOf('ServerError', 500),
    failureOf('TooManyRequests', 429),
    failureOf('Unreachable', 0),
    failureOf('Forbidden', 403),
    failureOf('Timeout', 504),
  ])('backs off after $reason and watches from the same version', async (failure) => {
    const run = await start();
    run.store.current.send(upsert('a', '8'), { type: 'FAILED', failure });
    await settle();
    expect(run.store.watches).toHaveLength(1);
    await run.clock.advance(600);
    expect(run.store.watches).toHaveLength(2);
    expect(run.store.current.scope.resourceVersion).toBe('8');
    expect(run.store.lists).toHaveLength(1);
    expect(run.troubles).toEqual([failure]);
    await run.end();
  });

  it('increases its pauses while the server is away, and resets them after its return', async () => {
    const run = await start();
    const away = { type: 'FAILED', failure: failureOf('Unreachable', 0) } as const;
    const pauses: number[] = [];
    for (let round = 0; round < 8; round++) {
      const count = run.store.watches.length;
      const fromMs = run.clock.monotonicNow();
      run.store.current.send(away);
      while (run.store.watches.length === count) await run.clock.advance(10);
      pauses.push(run.clock.monotonicNow() - fromMs);
    }
    for (const [round, pauseMs] of pauses.entries()) {
      const middleMs = Math.min(500 * 2 ** round, 10_000);
      expect(pauseMs).toBeGreaterThanOrEqual(middleMs * 0.8);
      expect(pauseMs).toBeLessThanOrEqual(middleMs * 1.2 + 10);
    }
    const count = run.store.watches.length;
    run.store.current.send({ type: 'BOOKMARK', resourceVersion: '9' }, away);
    await run.clock.advance(610);
    expect(run.store.watches).toHaveLength(count + 1);
    await run.end();
  });

  it('waits as long as a busy server asks, up to a limit', async () => {
    const run = await start();
    run.store.current.send({ type: 'FAILED', failure: failureOf('TooManyRequests', 429, 20_000) });
    await run.clock.advance(19_999);
    expect(run.store.watches).toHaveLength(1);
    await run.clock.advance(1);
    expect(run.store.watches).toHaveLength(2);
    run.store.current.send({ type: 'FAILED', failure: failureOf('TooManyRequests', 429, 86_400_000) });
    await run.clock.advance(60_000);
    expect(run.store.watches).toHaveLength(3);
    await run.end();
  });

  it('backs off if the server ends every watch at its start', async () => {
    const run = await start();
    for (let second = 0; second < 60; second++) {
      if (!run.store.current.closed) run.store.current.send('end');
      await run.clock.advance(1_000);
    }
    expect(run.store.watches.length).toBeLessThan(15);
    expect(run.troubles.length).toBeGreaterThan(5);
    await run.end();
  });

  it('lists again until the server answers', async () => {
    const forbidden = { ok: false, failure: failureOf('Forbidden', 403) } as const;
    const run = await start((store) => store.answers.push(forbidden, forbidden));
    expect(run.reflector.synced).toBe(false);
    await run.clock.advance(2_000);
    expect(run.reflector.synced).toBe(true);
    expect(run.troubles).toEqual([forbidden.failure, forbidden.failure]);
    await run.end();
  });

  it('rejects with the error of a handler, and ends the watch', async () => {
    const bug = new Error('a bug in a handler');
    const fail = () => {
      throw bug;
    };
    const run = await start(undefined, { onUpsert: fail });
    run.store.current.send(upsert('a', '8'));
    await expect(run.done).rejects.toBe(bug);
    expect(run.store.current.closed).toBe(true);
    const other = await start(undefined, { onReplace: fail });
    await expect(other.done).rejects.toBe(bug);
  });
});
