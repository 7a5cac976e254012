import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EndpointSliceObject, KubeObject } from '../../../src/manifest/kube-object.ts';
import {
  MIRROR_CONTROLLER,
  SERVICE_NAME_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../../../src/manifest/labels.ts';
import { FollowBench } from '../../support/follow-bench.ts';
import type { Behaviour } from '../../support/scripted-network.ts';

const REFUSES: Behaviour = { does: 'fail', code: 'ECONNREFUSED' };
const PORTS = [{ name: 'pg', port: 5432, protocol: 'TCP' }];
const REFERENCE = { name: 'db', namespace: 'default' };
const SERVICE = { apiVersion: 'v1', kind: 'Service', metadata: REFERENCE };
const OWN = `  - { name: db, ports: [{ name: pg, port: 5432 }], endpoints: [{ address: 10.0.0.1 }, { address: 10.0.0.2 }], healthCheck: { interval: 1s, fastInterval: 100ms, healthyThreshold: 1, unhealthyThreshold: 3 } }`;
const ADOPTED = OWN.replace('name: db,', 'name: db, adopt: true,').replace(
  '{ address: 10.0.0.2 }',
  '{ address: 10.0.0.2 }, { address: 10.0.0.3 }',
);
/** Three failures, 100 ms apart, after a second at most. */
const VERDICT_MS = 1_200;

let bench: FollowBench;
/** When the slices of the Service were read. */
let readAtMs: number[];

beforeEach(() => {
  bench = new FollowBench();
  readAtMs = [];
  bench.client.fault = ({ method, path }) => {
    if (method === 'GET' && path.includes('/endpointslices')) readAtMs.push(bench.clock.monotonicNow());
    return undefined;
  };
});
afterEach(() => bench.stop());

/** As the mirroring controller has made it, before it stopped. */
function mirroredSlice(...addresses: readonly string[]): Promise<KubeObject> {
  return bench.person.create({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'db-mirrored',
      namespace: 'default',
      labels: { [SERVICE_NAME_LABEL]: 'db', [SLICE_MANAGED_BY_LABEL]: MIRROR_CONTROLLER },
    },
    addressType: 'IPv4',
    ports: PORTS,
    endpoints: addresses.map((at) => ({ addresses: [at], conditions: { ready: true } })),
  } as EndpointSliceObject);
}

/** Starts to adopt a Service whose Endpoints were mirrored until now; the mirroring controller does not run. */
async function adoptUntilWaiting(): Promise<void> {
  const addresses = ['10.0.0.1', '10.0.0.2'];
  await bench.person.create({ ...SERVICE, spec: { ports: PORTS } } as KubeObject);
  await bench.person.create({
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: REFERENCE,
    subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports: PORTS }],
  } as KubeObject);
  await mirroredSlice(...addresses);
  bench.start(ADOPTED);
  for (let ms = 0; ms < 2_000 && bench.record('db').state !== 'waiting'; ms += 1)
    await bench.clock.advance(1);
  expect(bench.record('db').wait?.until).toBe('MirroredSlicesGone');
}

const hasMirrored = async () =>
  (await bench.slices('db')).some(({ metadata }) => metadata.name === 'db-mirrored');

describe('a record that waits for MirroredSlicesGone', () => {
  it('is read again after 50 ms, then after pauses that double up to 1 s', async () => {
    await adoptUntilWaiting();
    const sinceMs = bench.clock.monotonicNow();
    readAtMs = [];
    await bench.clock.advance(6_000);
    const pauses = readAtMs.map((atMs, at) => atMs - (readAtMs[at - 1] ?? sinceMs));
    // Each read comes 20 ms after its timer: changes are collected for that long.
    expect(pauses).toEqual([70, 120, 220, 420, 820, 1_020, 1_020, 1_020, 1_020].slice(0, pauses.length));
    expect(pauses.length).toBeGreaterThan(7);
  });

  it('ends as soon as a watch shows that the slices are gone', async () => {
    await adoptUntilWaiting();
    await bench.clock.advance(3_000);
    const slice = (await bench.slices('db')).find(({ metadata }) => metadata.name === 'db-mirrored');
    if (slice === undefined) throw new Error('the mirrored slice is there');
    await bench.person.delete(slice);
    bench.controller.onObjectEvent({ object: slice, deleted: true });
    await bench.clock.advance(40);
    expect(bench.record('db')).toMatchObject({ state: 'idle', wait: undefined });
    expect(bench.record('db').report).toMatchObject({ phase: 'Published', reason: 'AllReady' });
  });

  it('follows health meanwhile: a verdict is written at once', async () => {
    await adoptUntilWaiting();
    await bench.clock.advance(3_000);
    bench.network.set('10.0.0.3:5432', REFUSES);
    await bench.clock.advance(VERDICT_MS + 40);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true, '10.0.0.2': true, '10.0.0.3': false });
    expect(bench.record('db').wait?.until).toBe('MirroredSlicesGone');
    expect(await hasMirrored()).toBe(true);
  });

  it('does not wait longer because verdicts are written meanwhile', async () => {
    await adoptUntilWaiting();
    const sinceMs = bench.record('db').wait?.sinceMs;
    await bench.clock.advance(3_000);
    bench.network.set('10.0.0.3:5432', REFUSES);
    await bench.clock.advance(VERDICT_MS + 40);
    expect(bench.record('db').wait?.sinceMs).toBe(sinceMs);
  });

  it('deletes the slices itself in an adoption, 10 s after skip-mirror, and then follows the verdicts', async () => {
    await adoptUntilWaiting();
    bench.network.set('10.0.0.2:5432', REFUSES);
    await bench.clock.advance(9_900);
    expect(await hasMirrored()).toBe(true);
    expect(await bench.served('db')).toMatchObject({ '10.0.0.2': true });
    await bench.clock.advance(1_300);
    expect(await hasMirrored()).toBe(false);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true, '10.0.0.2': false, '10.0.0.3': true });
    expect(bench.record('db').state).toBe('idle');
  });

  it('is none in a Service of ours: slices that were left behind are deleted at once, and verdicts count', async () => {
    bench.start(OWN);
    await bench.clock.advance(5_000);
    await bench.show(await mirroredSlice('10.0.0.1', '10.0.0.2'));
    await bench.clock.advance(2_000);
    expect(await hasMirrored()).toBe(false);
    bench.network.set('10.0.0.2:5432', REFUSES);
    await bench.clock.advance(VERDICT_MS + 100);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true, '10.0.0.2': false });
  });
});

describe('a record that waits for longer than the time-out', () => {
  const ORPHANED = OWN.replace('name: db,', 'name: db, deletionPolicy: Orphan,');
  const OTHER = OWN.replace('name: db', 'name: other');

  /** The target leaves the list and is given back; no mirroring controller takes over. */
  async function release(): Promise<void> {
    bench.start(`${ORPHANED}\n${OTHER}`);
    await bench.clock.advance(5_000);
    bench.setList(OTHER);
    await bench.clock.advance(1_000);
    expect(bench.record('db').wait?.until).toBe('MirroredSlicesPresent');
  }

  it('is reported, and read again every 30 s while the controller follows', async () => {
    await release();
    expect(bench.record('db').report?.phase).toBe('Published');
    await bench.clock.advance(15_000);
    expect(bench.record('db').report).toMatchObject({ phase: 'Pending', reason: 'WaitingForMirroring' });
    expect(bench.record('db').state).toBe('waiting');
    readAtMs = [];
    await bench.clock.advance(120_000);
    expect(readAtMs.map((atMs, at) => atMs - (readAtMs[at - 1] ?? atMs)).slice(1)).toEqual([
      30_020, 30_020, 30_020,
    ]);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true, '10.0.0.2': true });
  });

  it('goes on when the other controller acts at last', async () => {
    await release();
    await bench.clock.advance(60_000);
    await bench.show(await mirroredSlice('10.0.0.1', '10.0.0.2'));
    await bench.clock.advance(200);
    expect(await bench.served('db')).toEqual({});
    expect((await bench.slices('db')).map(({ metadata: { name } }) => name)).toEqual(['db-mirrored']);
  });

  it('ends as Pending where nothing is tried again', async () => {
    bench = new FollowBench({ mode: 'once', retries: false, waitTimeoutMs: 4_000 });
    await release();
    await bench.clock.advance(4_000);
    expect(bench.record('db')).toMatchObject({ state: 'idle', wait: undefined });
    expect(bench.record('db').report).toMatchObject({ phase: 'Pending', reason: 'WaitingForMirroring' });
    expect(bench.controller.isIdle).toBe(true);
  });

  it('is given the time in which an adoption deletes mirrored slices itself, however short the time-out', async () => {
    bench = new FollowBench({ mode: 'once', retries: false, waitTimeoutMs: 4_000 });
    await adoptUntilWaiting();
    await bench.clock.advance(9_900);
    expect(bench.record('db').wait?.until).toBe('MirroredSlicesGone');
    await bench.clock.advance(1_300);
    expect(bench.record('db').report).toMatchObject({ phase: 'Published', reason: 'AllReady' });
    expect([await hasMirrored(), bench.controller.isIdle]).toEqual([false, true]);
  });
});
