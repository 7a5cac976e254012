import { gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CheckId } from '../../../src/health/health.ts';
import { gzipText } from '../../../src/io/gzip-text.ts';
import { ConfigMapState } from '../../../src/state/config-map-state.ts';
import type { LoadedState, SavedStates } from '../../../src/state/sync-state.ts';
import { healthOf } from '../../support/assessments.ts';
import { EMPTY_STATE } from '../../support/empty-state.ts';
import { type InMemoryClient, InMemoryCluster } from '../../support/in-memory-cluster.ts';
import { SkippingClock } from '../../support/skipping-clock.ts';
import { storeWith } from '../../support/store-with.ts';

const never = new AbortController().signal;
const NAME = 'external-endpoints-state-blue';
const PATH = `/api/v1/namespaces/default/configmaps/${NAME}`;

let clock: SkippingClock;
let client: InMemoryClient;
beforeEach(() => {
  clock = new SkippingClock();
  client = new InMemoryCluster(clock).newClient();
});

/** Another process of the same instance. */
function newState(): ConfigMapState {
  return new ConfigMapState(client.store, gzipText, clock, { namespace: 'default', instance: 'blue' });
}

/** What one list saves. */
function stateOf(...ids: readonly string[]): SavedStates {
  return stateOfList('shop', ...ids);
}

function stateOfList(list: string, ...ids: readonly string[]): SavedStates {
  const sinceMs = clock.monotonicNow();
  const health = new Map(ids.map((id) => [id as CheckId, healthOf('healthy', { sinceMs })]));
  return new Map([[list, { ...EMPTY_STATE, health }]]);
}

const idsIn = ({ states }: LoadedState, list = 'shop') => [...(states.get(list)?.health.keys() ?? [])];

async function store(data: Readonly<Record<string, string>>): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name: NAME }, data };
  const result = await client.store.apply(body, { force: true, dryRun: false }, never);
  if (!result.ok) throw new Error(result.failure.message);
}

const writes = () => client.requests.filter((request) => !request.startsWith('GET '));

describe('the state that one process saves', () => {
  it('is loaded by the next one', async () => {
    const state = stateOf('a', 'b');
    expect(await newState().save(state, never)).toEqual([]);
    clock.advance(90_000);
    const loaded = await newState().load(never);
    expect(loaded).toMatchObject({ kind: 'found', notes: [] });
    expect(loaded.states).toEqual(state);
  });

  it('overwrites a state that another process saved meanwhile, if it may', async () => {
    const [deposed, leader] = [newState(), newState()];
    await deposed.load(never);
    await leader.save(stateOf('new'), never);
    const [note] = await deposed.save(stateOf('old'), never, () => false);
    expect(note).toMatchObject({ reason: 'StateNotSaved', message: expect.stringContaining('Conflict') });
    expect(idsIn(await newState().load(never))).toEqual(['new']);

    expect(await deposed.save(stateOf('old'), never)).toEqual([]);
    expect(idsIn(await newState().load(never))).toEqual(['old']);
  });

  it('does not overwrite it if it may not any more after the read', async () => {
    const [deposed, leader] = [newState(), newState()];
    await deposed.load(never);
    await leader.save(stateOf('new'), never);
    const asked = [true, false];
    const [note] = await deposed.save(stateOf('old'), never, () => asked.shift() ?? false);
    expect(note).toMatchObject({ reason: 'StateNotSaved' });
    expect(asked).toEqual([]);
    expect((await newState().load(never)).states).toEqual(stateOf('new'));
  });

  it('is one ConfigMap with the labels of its instance', async () => {
    await newState().save(stateOf('a'), never);
    const result = await client.store.get({ kind: 'ConfigMap', namespace: 'default', name: NAME }, never);
    expect(result.ok ? result.value.metadata.labels : {}).toEqual({
      'app.kubernetes.io/managed-by': 'external-endpoints',
      'external-endpoints/instance': 'blue',
    });
  });

  it('is written only if it differs from the last loaded or saved state', async () => {
    const first = newState();
    const state = stateOf('a');
    await first.save(state, never);
    clock.advance(300);
    await first.save(state, never);
    expect(writes()).toEqual([`PATCH ${PATH}`]);
    const second = newState();
    const { states: loaded } = await second.load(never);
    clock.advance(60_000);
    await second.save(loaded, never);
    expect(writes()).toHaveLength(1);
    await second.save(stateOf('b'), never);
    expect(writes()).toHaveLength(2);
  });
});

describe('the states of several lists', () => {
  it('are carried over by a process that has another list, in any order', async () => {
    const [shop, billing] = [newState(), newState()];
    await shop.load(never);
    await billing.load(never);
    await shop.save(stateOfList('shop', 'a'), never);
    expect(await billing.save(stateOfList('billing', 'b'), never)).toEqual([]);
    expect(await shop.save(stateOfList('shop', 'c'), never)).toEqual([]);
    const loaded = await newState().load(never);
    expect(idsIn(loaded, 'shop')).toEqual(['c']);
    expect(idsIn(loaded, 'billing')).toEqual(['b']);
  });

  it('stay this process’s own while only another list’s was saved', async () => {
    const [shop, billing] = [newState(), newState()];
    await shop.save(stateOfList('shop', 'a'), never);
    await billing.save(stateOfList('billing', 'b'), never);
    expect((await shop.load(never)).isOwn).toBe(true);
  });

  it('go when nobody has used the list for a month; a list in use writes once a day', async () => {
    await newState().save(stateOfList('billing', 'b'), never);
    await newState().save(stateOfList('shop', 'a'), never);
    const inUse = newState();
    for (let day = 0; day < 40; day++) {
      clock.advance(86_400_000);
      const { states } = await inUse.load(never);
      await inUse.save(new Map([['shop', states.get('shop') ?? EMPTY_STATE]]), never);
    }
    const loaded = await newState().load(never);
    expect([...loaded.states.keys()]).toEqual(['shop']);
    expect(idsIn(loaded)).toEqual(['a']);
    expect(writes().length).toBeLessThanOrEqual(43);
  });

  it('that cannot be read harm no other list', async () => {
    await newState().save(stateOfList('shop', 'a'), never);
    const text = JSON.stringify({
      version: 2,
      lists: { shop: { savedAt: Math.round(clock.wallNow() / 1000), state: 7 } },
    });
    await store({ state: await gzipText.compress(text) });
    const billing = newState();
    const loaded = await billing.load(never);
    expect(loaded).toMatchObject({ kind: 'found', states: new Map() });
    expect(loaded.notes).toEqual([
      { reason: 'StateUnreadable', message: expect.stringContaining('list "shop"') },
    ]);
    expect(await billing.save(stateOfList('billing', 'b'), never)).toEqual([]);
    expect(idsIn(await newState().load(never), 'billing')).toEqual(['b']);
  });

  it('go, the oldest of other lists first, when they fill a ConfigMap', async () => {
    const tooLargeWithOldest = {
      compress: (text: string) =>
        text.includes('"oldest"') ? Promise.resolve('x'.repeat(1_000_001)) : gzipText.compress(text),
      decompress: gzipText.decompress,
    };
    const place = { namespace: 'default', instance: 'blue' };
    for (const list of ['oldest', 'older', 'old']) {
      await newState().save(stateOfList(list, 'a'), never);
      clock.advance(5_000);
    }
    const state = new ConfigMapState(client.store, tooLargeWithOldest, clock, place);
    await state.load(never);
    expect(await state.save(stateOf('b'), never)).toEqual([]);
    expect([...(await newState().load(never)).states.keys()]).toEqual(['old', 'older', 'shop']);
  });

  it('forget the names of released targets, of whichever list they were', async () => {
    const names = new Map([
      ['shop/db', new Map()],
      ['shop/web', new Map()],
    ]);
    await newState().save(new Map([['shop', { ...EMPTY_STATE, names }]]), never);
    expect(await newState().forget(new Set(['shop/db']), never)).toEqual([]);
    const { states } = await newState().load(never);
    expect([...(states.get('shop')?.names.keys() ?? [])]).toEqual(['shop/web']);
  });
});

describe('the owner of the state', () => {
  it('is the process that saved last', async () => {
    const [one, other] = [newState(), newState()];
    await one.save(stateOf('a'), never);
    expect((await one.load(never)).isOwn).toBe(true);
    expect((await other.load(never)).isOwn).toBe(false);
    await other.save(stateOf('b'), never);
    expect((await one.load(never)).isOwn).toBe(false);
    expect((await other.load(never)).isOwn).toBe(true);
  });
});

describe('without a saved state', () => {
  it('a process starts with empty state and no warning', async () => {
    expect(await newState().load(never)).toEqual({ kind: 'missing', states: new Map(), notes: [] });
  });
});

describe('a state that cannot be read', () => {
  const bomb = gzipSync(Buffer.alloc(80 * 1024 * 1024)).toString('base64');
  const text = (value: string) => gzipSync(value).toString('base64');
  it.each([
    ['has another key', { other: 'x' }, 'the key "state" is missing'],
    ['is no gzip', { state: 'bm90aGluZw==' }, 'incorrect header check'],
    ['is cut off', { state: text('{"version":1}').slice(0, 12) }, 'unexpected end of file'],
    ['is no state', { state: text('[]') }, ''],
    ['is from a newer version', { state: text('{"version":9}') }, 'newer version (9, not 2)'],
    ['would fill the memory', { state: bomb }, 'Cannot create a Buffer larger than'],
  ])('because it %s, is reported, ignored and replaced', async (_why, data, message) => {
    await store(data);
    const state = newState();
    const loaded = await state.load(never);
    expect(loaded).toMatchObject({ kind: 'unreadable', states: new Map() });
    expect(loaded.notes).toEqual([{ reason: 'StateUnreadable', message: expect.stringContaining(message) }]);
    expect(loaded.notes[0]?.message).toMatch(
      /^ConfigMap default\/external-endpoints-state-blue is ignored and will be replaced; nothing is drained/,
    );
    expect(await state.save(stateOf('a'), never)).toEqual([]);
    expect(await newState().load(never)).toMatchObject({ kind: 'found' });
  });
});

describe('the state, if the API server', () => {
  it('does not answer, is unreachable', async () => {
    client.fault = () => 'refused';
    expect(await newState().load(never)).toMatchObject({
      kind: 'unreachable',
      notes: [{ reason: 'StateUnreachable', message: expect.stringContaining('ECONNREFUSED') }],
    });
  });

  it('forbids it, is unusable', async () => {
    const forbidding = {
      ...client.store,
      get: async () => ({
        ok: false as const,
        failure: { reason: 'Forbidden' as const, httpStatus: 403, message: 'no', outcomeUnknown: false },
      }),
    };
    const place = { namespace: 'default', instance: 'blue' };
    const state = new ConfigMapState(storeWith(client.store, forbidding), gzipText, clock, place);
    expect(await state.load(never)).toMatchObject({
      kind: 'unusable',
      notes: [{ reason: 'StateForbidden', message: expect.stringContaining('start again') }],
    });
  });

  it('rejects the write, is reported, and the next save tries again', async () => {
    const state = newState();
    client.fault = ({ method }) => (method === 'PATCH' ? 'refused' : undefined);
    const saved = stateOf('a');
    expect(await state.save(saved, never)).toEqual([
      { reason: 'StateNotSaved', message: `ConfigMap default/${NAME}: Unreachable: connect ECONNREFUSED` },
    ]);
    client.fault = () => undefined;
    expect(await state.save(saved, never)).toEqual([]);
    expect(await newState().load(never)).toMatchObject({ kind: 'found' });
  });
});

describe('a state of many checks', () => {
  it('is compressed: 5,000 take a tenth of a ConfigMap', async () => {
    const ids = Array.from({ length: 5_000 }, (_, at) => `10.0.${at >> 8}.${at & 255}:5432 tcp`);
    await newState().save(stateOf(...ids), never);
    const result = await client.store.get({ kind: 'ConfigMap', namespace: 'default', name: NAME }, never);
    const { data } = (result.ok ? result.value : {}) as { data?: Record<string, string> };
    expect(data?.state?.length).toBeLessThan(100_000);
    expect(idsIn(await newState().load(never))).toHaveLength(5_000);
  });

  it('that is too large for a ConfigMap is reported, and not sent', async () => {
    const incompressible = { compress: async () => 'x'.repeat(1_000_001), decompress: gzipText.decompress };
    const place = { namespace: 'default', instance: 'blue' };
    const state = new ConfigMapState(client.store, incompressible, clock, place);
    expect(await state.save(stateOf('a'), never)).toEqual([
      { reason: 'StateTooLarge', message: expect.stringContaining('use several instances') },
    ]);
    expect(writes()).toEqual([]);
  });
});
