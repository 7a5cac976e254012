import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EndpointSliceObject, KubeObject, ServiceObject } from '../../src/manifest/kube-object.ts';
import { CliWorld } from '../support/cli-world.ts';
import { LiveWorker } from '../support/live-worker.ts';
import { OtherManager } from '../support/other-manager.ts';

const LIST = `apiVersion: external-endpoints/v1
kind: TargetList
guards: { maxDrain: 100% }
targets:
  - name: db
    ports: [{ port: 5432 }]
    endpoints: [{ address: 10.0.0.1 }, { address: 10.0.0.2 }]
    healthCheck: { interval: 2s, fastInterval: 100ms, healthyThreshold: 1, unhealthyThreshold: 1 }
`;

const SERVICE = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db', namespace: 'default' } };
const SLICE = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'db-ipv4-0', namespace: 'default' },
};

let world: CliWorld;
let worker: LiveWorker;
let person: OtherManager;

beforeEach(async () => {
  world = new CliWorld();
  person = new OtherManager(world.cluster.newClient(), 'kubectl-edit');
  worker = LiveWorker.start(LIST, [], world);
  await world.clock.advance(10_000);
});
afterEach(async () => {
  expect(await worker.end()).toBe(0);
});

/** How often this reason was logged so far. */
const reported = (reason: string) => worker.reasons().filter((each) => each === reason).length;
const targetPort = async () => (await person.get<ServiceObject>(SERVICE)).spec.ports?.[0]?.targetPort;
const misdirect = () =>
  person.merge(SERVICE, { spec: { ports: [{ port: 5432, protocol: 'TCP', targetPort: 1 }] } });
const readiness = async () => {
  const { endpoints } = await person.get<EndpointSliceObject>(SLICE);
  return endpoints?.map(({ conditions }) => conditions?.ready);
};
const eventsNow = async (reason: string) => {
  const listed = await world.client.store.list(
    'Event',
    { namespace: 'default' },
    new AbortController().signal,
  );
  const events = listed.ok ? (listed.value.items as (KubeObject & { reason: string; note: string })[]) : [];
  return events.filter((event) => event.reason === reason).map(({ note }) => note);
};

describe('run after another program changed our object', () => {
  it('repairs it within a second, with a log line and an Event that name the field and the program', async () => {
    await misdirect();
    await world.clock.advance(900);
    expect(await targetPort()).toBe(5432);
    const note = 'kubectl-edit changed Service db (spec.ports[5432/TCP].targetPort); it was changed back';
    expect(worker.log.find(({ reason }) => reason === 'DriftRepaired')).toMatchObject({
      level: 'info',
      message: note,
      fields: { target: 'default/db', kind: 'Service', by: 'kubectl-edit' },
    });
    await world.clock.advance(10_000);
    expect(await eventsNow('DriftRepaired')).toEqual([note]);
  });

  it('repairs many objects at once or one after the other without a conflict back-off', async () => {
    for (let time = 0; time < 4; time++) {
      await misdirect();
      await person.merge(SERVICE, { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } });
      await person.delete(SLICE);
      await world.clock.advance(2_000);
      expect([await targetPort(), await readiness()]).toEqual([5432, [true, true]]);
    }
    expect(reported('DriftRepaired')).toBeGreaterThanOrEqual(8);
    expect(reported('Contended')).toBe(0);
  });
});

describe('run while another program changes our object again and again', () => {
  /** Writes back whatever we put right, for as long as that. */
  const fightFor = async (durationMs: number) => {
    let repairs = 0;
    for (let passedMs = 0; passedMs < durationMs; passedMs += 250) {
      if ((await targetPort()) !== 1) {
        repairs += 1;
        await misdirect();
      }
      await world.clock.advance(250);
    }
    return repairs;
  };

  it('repairs it at growing intervals, and reports Contended once', async () => {
    expect(await fightFor(10_000)).toBe(6);
    expect(reported('Contended')).toBe(1);
    expect(await fightFor(600_000)).toBeLessThanOrEqual(8);
    expect(reported('Contended')).toBe(1);
    expect(await eventsNow('Contended')).toHaveLength(1);
    const { body } = await worker.get('/metrics');
    expect(body).toContain('external_endpoints_targets{phase="Published"} 1');
  });

  it('sends few requests while the repair waits', async () => {
    await fightFor(10_000);
    world.client.requests.length = 0;
    for (let at = 0; at < 100; at++) {
      await person.merge(SERVICE, {
        spec: { ports: [{ port: 5432, protocol: 'TCP', targetPort: 2 + (at % 7) }] },
      });
      await world.clock.advance(100);
    }
    // Ten seconds, one look at three kinds every five.
    const reads = world.client.requests.filter((request) => !request.includes('leases'));
    expect(reads.length).toBeLessThanOrEqual(12);
  });

  it('writes a verdict at once while the repair waits', async () => {
    await fightFor(10_000);
    world.network.set('10.0.0.2:5432', { does: 'fail', code: 'ECONNREFUSED' });
    await world.clock.advance(3_000);
    expect(await readiness()).toEqual([true, false]);
    world.network.set('10.0.0.2:5432', { does: 'accept' });
    await world.clock.advance(3_000);
    expect(await readiness()).toEqual([true, true]);
  });

  it('repairs other drift while the repair waits', async () => {
    await fightFor(10_000);
    await person.delete(SLICE);
    await world.clock.advance(900);
    expect(await readiness()).toEqual([true, true]);
  });

  it('repairs at once again after the other program has stopped', async () => {
    await fightFor(10_000);
    await world.clock.advance(400_000);
    expect(await targetPort()).toBe(5432);
    const last = worker.log.at(-1);
    expect(last).toMatchObject({ level: 'info', reason: 'AllReady' });
    await world.clock.advance(1_200_000);
    await misdirect();
    await world.clock.advance(900);
    expect(await targetPort()).toBe(5432);
  });
});
