import { describe, expect, it } from 'vitest';
import type { Fault } from '../../src/embedded/apiserver/faults.ts';
import type { EndpointSliceObject, KubeObject } from '../../src/manifest/kube-object.ts';
import { CliWorld } from '../support/cli-world.ts';
import { LiveWorker } from '../support/live-worker.ts';
import { OtherManager } from '../support/other-manager.ts';

function listOf(count: number): string {
  const targets = Array.from(
    { length: count },
    (_, at) => `  - name: db-${at}
    ports: [{ port: 5432 }]
    endpoints: [{ address: 10.0.${at}.1 }, { address: 10.0.${at}.2 }]
    healthCheck: { interval: 2s, fastInterval: 100ms, healthyThreshold: 1, unhealthyThreshold: 1 }
`,
  );
  return `apiVersion: external-endpoints/v1\nkind: TargetList\nguards: { maxDrain: 100% }\ntargets:\n${targets.join('')}`;
}

const never = new AbortController().signal;

async function readiness({ cluster }: CliWorld): Promise<Record<string, boolean | undefined>> {
  const listed = await cluster.newClient().store.list('EndpointSlice', {}, never);
  const slices = listed.ok ? (listed.value.items as EndpointSliceObject[]) : [];
  const endpoints = slices.flatMap((slice) => slice.endpoints ?? []);
  return Object.fromEntries(endpoints.map(({ addresses, conditions }) => [addresses[0], conditions?.ready]));
}

const fail = (world: CliWorld, ...addresses: string[]) => {
  for (const each of addresses) world.network.set(`${each}:5432`, { does: 'fail', code: 'ECONNREFUSED' });
};

describe('run with an API server that', () => {
  it.each<[string, Fault]>([
    ['is too busy, and says so in plain text', { type: 'tooManyRequests', retryAfterSeconds: 2 }],
    ['says that somebody else was faster', { type: 'conflict' }],
    ['fails', { type: 'internalError' }],
    ['is not available', { type: 'unavailable' }],
    ['does it and says that it took too long', { type: 'timeoutAfterCommit' }],
    ['refuses it by a webhook', { type: 'denied', httpStatus: 422, message: 'not today' }],
  ])('%s: writes each object once, and soon', async (_, fault) => {
    const world = new CliWorld();
    const worker = LiveWorker.start(listOf(4), [], world);
    await world.clock.advance(10_000);
    const { faults } = world.cluster.server;
    faults.inject({ fault, times: 5, verbs: ['patch'], resources: ['endpointslices', 'endpoints'] });
    fail(world, '10.0.0.2', '10.0.1.2', '10.0.2.2');
    world.client.requests.length = 0;
    await world.clock.advance(60_000);
    const down = Object.entries(await readiness(world)).filter(([, ready]) => ready !== true);
    expect(down.map(([address]) => address)).toEqual(['10.0.0.2', '10.0.1.2', '10.0.2.2']);
    const writes = world.client.requests.filter((request) => /^PATCH .*(slices|endpoints)\/db/.test(request));
    // Three targets, two objects each, and five tries that came to nothing, or of which nobody could know.
    expect(writes.length).toBeLessThanOrEqual(6 + 2 * 5);
    expect((await worker.metrics()).sum('targets', { phase: 'Failed' })).toBe(0);
    expect(worker.reasons('error')).toEqual([]);
    expect(await worker.end()).toBe(0);
  });
});

describe('the state of run', () => {
  const STATE = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'external-endpoints-state-default', namespace: 'default' },
  };
  type ConfigMap = KubeObject & { readonly data: Readonly<Record<string, string>> };

  it('is saved when it changed, at most every five seconds, and at the end', async () => {
    const world = new CliWorld();
    const worker = LiveWorker.start(listOf(2), [], world);
    await world.clock.advance(30_000);
    const saves = () => world.client.requests.filter((request) => request.includes('configmaps/')).length;
    const before = saves();
    await world.clock.advance(60_000);
    expect(saves()).toBe(before);
    for (let flip = 0; flip < 6; flip++) {
      world.network.set('10.0.0.2:5432', flip % 2 === 0 ? { does: 'fail', code: 'X' } : { does: 'accept' });
      await world.clock.advance(7_000);
    }
    expect(saves() - before).toBeGreaterThanOrEqual(6);
    expect(saves() - before).toBeLessThanOrEqual(9);
    fail(world, '10.0.1.1');
    await world.clock.advance(2_500);
    expect(await worker.end()).toBe(0);
    const { data } = await new OtherManager(world.cluster.newClient(), 'kubectl').get<ConfigMap>(STATE);
    expect(data.state).toContain('10.0.1.1');
  });

  it.each([
    ['is damaged', 'StateUnreadable', (text: string) => text.slice(0, text.length / 2)],
    [
      'is of a version to come',
      'StateUnreadable',
      (text: string) => text.replace(/"version":\d+/, '"version":99'),
    ],
    ['is gone', undefined, undefined],
  ])('is reported when it %s, and no address is drained or removed', async (_, reason, damage) => {
    const world = new CliWorld();
    const before = LiveWorker.start(listOf(2), [], world);
    await world.clock.advance(30_000);
    expect(await before.end()).toBe(0);
    const person = new OtherManager(world.cluster.newClient(), 'kubectl');
    const { data } = await person.get<ConfigMap>(STATE);
    const damaged = damage?.(data.state ?? '');
    expect(damaged).not.toBe(data.state);
    if (damaged === undefined) await person.delete(STATE);
    else await person.merge(STATE, { data: { state: damaged } });

    // Nobody answers at first: what is published is all that is known.
    for (const at of [0, 1]) {
      for (const last of [1, 2]) world.network.set(`10.0.${at}.${last}:5432`, { does: 'swallow' });
    }
    const worker = LiveWorker.start(listOf(2), [], world);
    await world.clock.advance(1_500);
    expect(Object.values(await readiness(world))).toEqual([true, true, true, true]);
    if (reason !== undefined) expect(worker.reasons('warn')).toContain(reason);
    expect(await worker.end()).toBe(0);
  });
});

describe('run without connectivity to the API server', () => {
  it('writes nothing after another replica leads, and has the same state when the API server answers again', async () => {
    const world = new CliWorld();
    const worker = LiveWorker.start(listOf(2), [], world);
    await world.clock.advance(10_000);
    // Cut off for longer than a lease lasts: another takes it, and changes what the first would have written.
    world.client.fault = () => 'hangs';
    world.client.cut();
    fail(world, '10.0.0.2');
    await world.clock.advance(9_000);
    await world.clock.advance(10_000);
    const store = world.cluster.newClient().store;
    const read = await store.get(
      { kind: 'Lease', namespace: 'default', name: 'external-endpoints-default' },
      never,
    );
    if (!read.ok) throw new Error(read.failure.message);
    const spec = {
      holderIdentity: 'another-replica',
      leaseDurationSeconds: 3_600,
      acquireTime: new Date(world.clock.wallNow()).toISOString().replace('Z', '000Z'),
      renewTime: new Date(world.clock.wallNow()).toISOString().replace('Z', '000Z'),
      leaseTransitions: 1,
    };
    await store.replace({ ...read.value, spec } as KubeObject, { dryRun: false }, never);
    world.client.requests.length = 0;
    world.client.fault = () => undefined;
    await world.clock.advance(120_000);
    const written = world.client.requests.filter((request) => !request.startsWith('GET'));
    expect(written).toEqual([]);
    expect((await readiness(world))['10.0.0.2']).toBe(true);
    expect((await worker.metrics()).sum('leader')).toBe(0);
    expect(worker.reasons()).toContain('StandingBy');
    expect(await worker.end()).toBe(0);
  });
});
