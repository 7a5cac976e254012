import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EndpointSliceObject } from '../../../src/manifest/kube-object.ts';
import { address } from '../../support/dns-resolver.ts';
import { EMPTY_STATE } from '../../support/empty-state.ts';
import { FollowBench } from '../../support/follow-bench.ts';
import type { Behaviour } from '../../support/scripted-network.ts';

const REFUSES: Behaviour = { does: 'fail', code: 'ECONNREFUSED' };
const CHECK =
  'healthCheck: { interval: 1s, fastInterval: 100ms, healthyThreshold: 1, unhealthyThreshold: 1 }';
const DB = `  - { name: db, ports: [{ port: 1 }], publish: { lastReady: drain }, endpoints: [{ address: 10.0.0.1 }, { address: 10.0.0.2 }], ${CHECK} }`;
const REFERENCE = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'db-ipv4-0', namespace: 'default' },
};

let bench: FollowBench;
beforeEach(() => {
  bench = new FollowBench();
});
afterEach(() => bench.stop());

/** Another writer edits the slice, so that a plan for it no longer fits. */
const editSlice = () => bench.person.merge(REFERENCE, { metadata: { annotations: { edited: 'yes' } } });
/** How often the controller has written the slice. */
const sliceWrites = () =>
  bench.client.requests.filter((each) => each.startsWith('PATCH') && each.includes('/endpointslices/'))
    .length;

describe('a plan that meets a conflict', () => {
  /** 10.0.0.1 dies, and the write of that verdict is held up until the test lets it go on. */
  async function drainHeldUp(): Promise<() => void> {
    bench.start(DB);
    await bench.clock.advance(5_000);
    const heldUp = Promise.withResolvers<void>();
    bench.before('EndpointSlice', () => heldUp.promise);
    bench.network.set('10.0.0.1:1', REFUSES);
    await bench.clock.advance(1_500);
    expect(bench.record('db').state).toBe('applying');
    return heldUp.resolve;
  }

  it('is not applied again, where the verdict was withdrawn meanwhile', async () => {
    const goOn = await drainHeldUp();
    bench.network.set('10.0.0.1:1', { does: 'accept' });
    await bench.clock.advance(1_500);
    await editSlice();
    const before = sliceWrites();
    goOn();
    await bench.clock.advance(1_000);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true, '10.0.0.2': true });
    // The one that met the conflict.
    expect(sliceWrites() - before).toBe(1);
    expect(bench.record('db')).toMatchObject({ state: 'idle', progress: { conflicts: 0 } });
  });

  it('is decided again from a new read, where the verdict still stands', async () => {
    const goOn = await drainHeldUp();
    await editSlice();
    goOn();
    await bench.clock.advance(100);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': false, '10.0.0.2': true });
  });

  it('is decided again by the verdicts of now', async () => {
    const goOn = await drainHeldUp();
    bench.network.set('10.0.0.2:1', REFUSES);
    await bench.clock.advance(1_500);
    await editSlice();
    goOn();
    await bench.clock.advance(100);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': false, '10.0.0.2': false });
  });

  it('counts as a failure after six tries, and is tried again after a pause', async () => {
    bench.start(DB);
    await bench.clock.advance(5_000);
    let edits = 0;
    const edit = async () => {
      edits += 1;
      await bench.person.merge(REFERENCE, { metadata: { annotations: { edited: String(edits) } } });
      if (edits < 6) bench.before('EndpointSlice', edit);
    };
    bench.before('EndpointSlice', edit);
    bench.network.set('10.0.0.1:1', REFUSES);
    await bench.clock.advance(1_100);
    expect(edits).toBe(6);
    expect(bench.record('db').report).toMatchObject({ phase: 'Failed', reason: 'Conflict' });
    await bench.clock.advance(5_000);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': false, '10.0.0.2': true });
    expect(bench.record('db').report).toMatchObject({ phase: 'Published' });
  });
});

describe('what the names of a target stand for, when the first plan of a new leader meets a conflict', () => {
  const NAMED = `  - { name: db, ports: [{ port: 1 }], endpoints: [{ host: a.example.test }, { host: b.example.test }], ${CHECK} }`;
  const zone = (name: 'a' | 'b', at: string) =>
    bench.dns.zone.set(`${name}.example.test`, [address(at, 600)]);
  /** By name: the addresses that count as known to it. */
  const remembered = () =>
    Object.fromEntries(
      [...(bench.record('db').memory ?? [])].map(([source, held]) => [
        source,
        (held.IPv4?.addresses ?? []).map(({ answer }) => answer.address).sort(),
      ]),
    );

  /** The leader before has published 10.0.0.1 and 10.0.0.2 and saved that; now b has another address. */
  async function succeedLeader(): Promise<void> {
    zone('a', '10.0.0.1');
    zone('b', '10.0.0.2');
    bench.start(NAMED);
    await bench.clock.advance(5_000);
    const { states } = bench.controller;
    await bench.stop();
    await bench.clock.advance(600_000);
    bench = new FollowBench({}, bench);
    zone('b', '10.0.0.3');
    bench.controller.recall(
      new Map([...states].map(([list, { names }]) => [list, { ...EMPTY_STATE, names }])),
    );
    bench.setList(NAMED);
    bench.controller.succeed(states);
    expect(bench.record('db').recoversPublished).toBe(true);
  }

  it('has an address that the leader before published between decision and conflict', async () => {
    await succeedLeader();
    bench.before('EndpointSlice', async () => {
      const slice = await bench.person.get<EndpointSliceObject>(REFERENCE);
      const { metadata, endpoints, ...rest } = slice;
      const { managedFields: _, ...kept } = metadata;
      const added = [...(endpoints ?? []), { addresses: ['10.0.0.9'], conditions: { ready: true } }];
      await bench.client.store.replace(
        { ...rest, metadata: kept, endpoints: added } as EndpointSliceObject,
        { dryRun: false },
        new AbortController().signal,
      );
    });
    bench.start(NAMED);
    await bench.clock.advance(2_000);
    expect(remembered()).toEqual({
      'host a.example.test': ['10.0.0.1', '10.0.0.9'],
      'host b.example.test': ['10.0.0.2', '10.0.0.3', '10.0.0.9'],
    });
    const served = Object.keys(await bench.served('db')).sort();
    expect(served).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.9']);
    // It leaves by its hold, as if it had left the answers just now.
    await bench.clock.advance(40_000);
    expect(Object.keys(await bench.served('db')).sort()).toEqual(['10.0.0.1', '10.0.0.3']);
  });

  it('has nothing that only this process wrote: no name takes the address of another', async () => {
    await succeedLeader();
    // The slices are written; the Endpoints that come after them are not.
    bench.before('Endpoints', () =>
      bench.person.merge(
        { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'db', namespace: 'default' } },
        { metadata: { annotations: { edited: 'yes' } } },
      ),
    );
    bench.start(NAMED);
    await bench.clock.advance(2_000);
    expect(
      bench.client.requests.filter((each) => each.startsWith('PATCH') && each.includes('/endpoints/')),
    ).toHaveLength(2);
    expect(remembered()).toEqual({
      'host a.example.test': ['10.0.0.1'],
      'host b.example.test': ['10.0.0.2', '10.0.0.3'],
    });
    expect(bench.record('db').recoversPublished).toBe(false);
  });
});

describe('records that are being decided, when the event loop runs in between', () => {
  const both = (first: string) =>
    ['a', 'b'].map((name) => DB.replace('name: db', `name: ${name}`).replace('10.0.0.1', first)).join('\n');
  const BOTH = both('10.0.0.1');
  const sliceOf = (name: string) => ({
    ...REFERENCE,
    metadata: { name: `${name}-ipv4-0`, namespace: 'default' },
  });
  const served = async () => [await bench.served('a'), await bench.served('b')].map(Object.keys);

  beforeEach(async () => {
    bench.start(BOTH);
    await bench.clock.advance(5_000);
  });

  /** Both are decided again; the decision takes longer than a time slice, and meanwhile this happens. */
  async function decidingWhile(happens: () => unknown): Promise<void> {
    bench.onDecided = () => {
      bench.onDecided = () => undefined;
      bench.clock.spend(30);
      setImmediate(happens);
    };
    bench.controller.resync();
    await bench.clock.advance(2_000);
  }

  it('are read and decided again after a watch event', async () => {
    await decidingWhile(async () => {
      for (const name of ['a', 'b']) {
        const object = await bench.person.merge(sliceOf(name), { endpoints: [] });
        bench.controller.onObjectEvent({ object, deleted: false });
      }
    });
    expect(await served()).toEqual([
      ['10.0.0.1', '10.0.0.2'],
      ['10.0.0.1', '10.0.0.2'],
    ]);
  });

  it('are read and decided again after a resync', async () => {
    await decidingWhile(() => {
      bench.controller.resync();
      bench.client.requests.length = 0;
    });
    expect(bench.client.requests.filter((each) => each.startsWith('GET'))).not.toEqual([]);
    expect(bench.controller.isIdle).toBe(true);
  });

  it('are decided again by a list that came meanwhile', async () => {
    await decidingWhile(() => bench.setList(both('10.0.0.7')));
    expect(await served()).toEqual([
      ['10.0.0.2', '10.0.0.7'],
      ['10.0.0.2', '10.0.0.7'],
    ]);
  });

  it('are removed when the list has lost them meanwhile', async () => {
    await decidingWhile(() => bench.setList(BOTH.split('\n')[0] ?? ''));
    expect(await served()).toEqual([['10.0.0.1', '10.0.0.2'], []]);
  });
});
