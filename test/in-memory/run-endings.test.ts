import { describe, expect, it } from 'vitest';
import { CliWorld } from '../support/cli-world.ts';
import { LiveWorker } from '../support/live-worker.ts';

const LIST = `apiVersion: external-endpoints/v1
kind: TargetList
targets:
  - name: db
    ports: [{ port: 5432 }]
    endpoints: [{ address: 10.0.0.1 }, { host: db.example.test }]
    dns: { servers: ["10.0.0.53"] }
    healthCheck: { interval: 2s, fastInterval: 100ms, healthyThreshold: 1, unhealthyThreshold: 1 }
`;

/** How long it takes to end, in the time of its world. */
async function endOf(worker: LiveWorker): Promise<number> {
  const fromMs = worker.world.clock.monotonicNow();
  expect(await worker.end()).toBe(0);
  return worker.world.clock.monotonicNow() - fromMs;
}

async function started(world = new CliWorld()): Promise<LiveWorker> {
  const worker = LiveWorker.start(LIST, [], world);
  await world.clock.advance(10_000);
  return worker;
}

describe('run on SIGTERM', () => {
  it('ends at once when nothing is under way, releases the lease and leaves no timer, watch or listener', async () => {
    const worker = await started();
    const { world } = worker;
    expect(await endOf(worker)).toBeLessThan(100);
    expect(worker.reasons().at(-1)).toBe('Stopped');
    expect([world.clock.sleeping, world.cluster.server.watches.count]).toEqual([0, 0]);
    const lease = await world.client.store.get(
      { kind: 'Lease', namespace: 'default', name: 'external-endpoints-default' },
      new AbortController().signal,
    );
    expect(lease).toMatchObject({ value: { spec: { holderIdentity: '' } } });
  });

  it.each([
    ['everything', () => true],
    ['every write', (method: string) => method !== 'GET'],
    ['the lease alone', (_: string, path: string) => path.includes('leases')],
    ['the state alone', (_: string, path: string) => path.includes('configmaps')],
  ])('ends within five seconds when the API server does not answer: %s', async (_, hangs) => {
    const worker = await started();
    const { world } = worker;
    world.client.fault = ({ method, path }) => (hangs(method, path) ? 'hangs' : undefined);
    world.network.set('10.0.0.1:5432', { does: 'fail', code: 'ECONNREFUSED' });
    await world.clock.advance(4_000);
    expect(await endOf(worker)).toBeLessThanOrEqual(4_500);
    expect(world.clock.sleeping).toBe(0);
  });

  it('saves the state when a write of a slice hangs', async () => {
    const worker = await started();
    const { world } = worker;
    world.network.set('10.0.0.1:5432', { does: 'fail', code: 'ECONNREFUSED' });
    world.client.fault = ({ method, path }) =>
      method === 'PATCH' && path.includes('/endpointslices/') ? 'hangs' : undefined;
    await world.clock.advance(4_000);
    await endOf(worker);
    expect(worker.reasons()).not.toContain('StateNotSaved');
  });
});
