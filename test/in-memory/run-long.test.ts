import { describe, expect, it } from 'vitest';
import type { EndpointSliceObject } from '../../src/manifest/kube-object.ts';
import { CliWorld } from '../support/cli-world.ts';
import { address } from '../support/dns-resolver.ts';
import { LiveWorker } from '../support/live-worker.ts';
import { type WorkerWeight, weigh } from '../support/worker-weight.ts';

const FULL = process.env.E2E_FULL === '1';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const never = new AbortController().signal;

/** Targets of two addresses and a name each, checked every half a minute. */
function listOf(count: number): string {
  const targets = Array.from(
    { length: count },
    (_, at) => `  - name: db-${at}
    ports: [{ port: 5432 }]
    endpoints: [{ address: 10.0.${at}.1 }, { address: 10.0.${at}.2 }, { host: db.example.test }]
`,
  );
  return `apiVersion: external-endpoints/v1
kind: TargetList
guards: { maxDrain: 100% }
defaults:
  dns: { servers: ["10.0.0.53"] }
  healthCheck: { interval: 30s, fastInterval: 1s, healthyThreshold: 2, unhealthyThreshold: 3 }
targets:
${targets.join('')}`;
}

async function started(count: number): Promise<LiveWorker> {
  const world = new CliWorld();
  world.dns.zone.set('db.example.test', [address('10.9.9.9', 60)]);
  const worker = LiveWorker.start(listOf(count), [], world);
  await world.clock.advance(30_000);
  return worker;
}

/** Readiness by address, of every Service. */
async function served({ world }: LiveWorker): Promise<Record<string, boolean | undefined>> {
  const listed = await world.cluster.newClient().store.list('EndpointSlice', {}, never);
  const slices = listed.ok ? (listed.value.items as EndpointSliceObject[]) : [];
  return Object.fromEntries(
    slices.flatMap(({ metadata, endpoints }) =>
      (endpoints ?? []).map(({ addresses, conditions }) => [
        `${metadata.name.replace(/-ipv4.*/, '')} ${addresses[0]}`,
        conditions?.ready,
      ]),
    ),
  );
}

describe('run during an hour without an API server', () => {
  it('goes on resolving and probing, and writes the final state once when the API server is back', async () => {
    const worker = await started(20);
    const { clock, client, dns, network } = worker.world;
    expect(Object.values(await served(worker))).toEqual(Array(60).fill(true));
    const settled = await worker.metrics();
    client.fault = () => 'refused';
    client.requests.length = 0;

    await clock.advance(10 * MINUTE_MS);
    // Down and up again: nobody needs to hear of it afterwards.
    network.set('10.0.1.1:5432', { does: 'fail', code: 'ECONNREFUSED' });
    await clock.advance(10 * MINUTE_MS);
    network.set('10.0.1.1:5432', { does: 'accept' });
    // Down for good, and a name that moves.
    for (let at = 10; at < 15; at++) network.set(`10.0.${at}.2:5432`, { does: 'fail', code: 'ECONNREFUSED' });
    dns.zone.set('db.example.test', [address('10.9.9.8', 60)]);
    await clock.advance(40 * MINUTE_MS);

    const during = await worker.metrics();
    const grown = (name: string) => during.sum(name) - settled.sum(name);
    // 41 addresses every half a minute; a name every minute, in two families.
    expect(grown('probes_total')).toBeGreaterThan(40 * 110);
    expect(grown('dns_answers_total')).toBeGreaterThan(60);
    expect(grown('writes_total')).toBe(0);
    expect(client.requests).toEqual([]);
    expect((await worker.get('/healthz')).status).toBe(200);
    expect((await worker.get('/readyz')).status).toBe(200);

    client.fault = () => undefined;
    await clock.advance(30_000);
    const now = await served(worker);
    const notReady = Object.entries(now).filter(([, ready]) => ready !== true);
    expect(notReady).toEqual([10, 11, 12, 13, 14].map((at) => [`db-${at} 10.0.${at}.2`, false]));
    expect(Object.keys(now).filter((key) => key.endsWith(' 10.9.9.8'))).toHaveLength(20);
    expect(Object.keys(now).filter((key) => key.endsWith(' 10.9.9.9'))).toEqual([]);
    // A slice and Endpoints of each target, once; and the lease and the state.
    const writes = client.requests.filter(
      (request) => request.startsWith('PATCH') && !request.includes('configmaps'),
    );
    expect([writes.length, new Set(writes).size]).toEqual([40, 40]);
    expect(client.requests.filter((request) => request.startsWith('GET')).length).toBeLessThan(100);
    // The same trouble is told once a minute by each who meets it, and its end once.
    expect(worker.reasons('warn').length).toBeLessThan(60 * 6);
    const ends = worker.log.filter(({ reason }) => reason === 'Reachable');
    expect(ends).toHaveLength(1);
    expect(ends[0]?.message).toMatch(/^the API server answers again, after 3\d{3} s$/);
    expect(worker.reasons('error')).toEqual([]);
    expect(await worker.end()).toBe(0);
    expect(clock.sleeping).toBe(0);
  }, 120_000);
});

describe(`run for ${FULL ? 'a week' : 'seven hours'}`, () => {
  it('has the heap and handles of the first seventh, and writes nothing while nothing changes', async () => {
    const worker = await started(3);
    const { world, log } = worker;
    const { clock, client, cluster, dns, network } = world;
    const weights: WorkerWeight[] = [];
    for (let seventh = 0; seventh < 7; seventh++) {
      for (let hour = 0; hour < (FULL ? 24 : 1); hour++) {
        await clock.advance(HOUR_MS - 10 * MINUTE_MS);
        // Once an hour something happens: a host is down for some minutes, a watch ends, the past is forgotten.
        network.set('10.0.1.1:5432', { does: 'fail', code: 'ECONNREFUSED' });
        client.cut();
        await clock.advance(5 * MINUTE_MS);
        network.set('10.0.1.1:5432', { does: 'accept' });
        cluster.server.store.compact();
        await clock.advance(5 * MINUTE_MS);
        // What the test's own world remembers is no growth of the worker's.
        client.requests.length = 0;
        dns.network.queries.length = 0;
        network.dials.length = 0;
        log.length = 0;
      }
      weights.push(await weigh(worker));
    }
    console.log(
      `heap by seventh: ${weights.map(({ heapMiB }) => heapMiB.toFixed(1)).join(', ')} MiB; ${JSON.stringify(weights.at(-1)?.handles)}`,
    );
    const [first, ...rest] = weights;
    for (const { heapMiB, handles } of rest) {
      expect(handles).toEqual(first?.handles);
      expect(heapMiB).toBeLessThan((first?.heapMiB ?? 0) + 5);
    }
    expect(Object.values(await served(worker))).toEqual(Array(9).fill(true));

    // The last hour of the week, in which nothing happens.
    await clock.advance(HOUR_MS);
    const others = client.requests.filter((request) => !request.includes('/leases/'));
    // The server ends a watch after half an hour to an hour; the cluster's own ranges are read every ten minutes.
    expect(others.filter((request) => !request.startsWith('GET'))).toEqual([]);
    expect(others.filter((request) => !request.includes('servicecidrs')).length).toBeLessThanOrEqual(4 * 2);
    expect(others.length).toBeLessThanOrEqual(4 * 2 + 6);
    expect(await worker.end()).toBe(0);
    expect(clock.sleeping).toBe(0);
  }, 600_000);
});
