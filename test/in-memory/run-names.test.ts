import { describe, expect, it } from 'vitest';
import { answering, servingZones } from '../support/dns-network.ts';
import { address, SERVER } from '../support/dns-resolver.ts';
import { LiveWorker } from '../support/live-worker.ts';
import { seededRandom } from '../support/seeded-random.ts';

const NAME = 'db.example.test';
const SIBLING = 'sibling.example.test';

const LIST = `apiVersion: external-endpoints/v1
kind: TargetList
targets:
  - name: db
    ports: [{ port: 5432 }]
    endpoints: [{ host: ${NAME} }, { host: ${SIBLING} }]
    dns: { servers: ["10.0.0.53"] }
    healthCheck: { interval: 2s, fastInterval: 100ms, healthyThreshold: 1, unhealthyThreshold: 1 }
`;

const MINUTE = 60_000;

const addresses = (...hosts: number[]) => hosts.map((each) => `10.0.1.${each}`);
const TWELVE = addresses(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);

/** A worker whose name answers each question for IPv4 addresses as `answers` says, with a TTL of 5 s. */
function workerWith(answers: () => readonly string[]): LiveWorker {
  const worker = LiveWorker.start(LIST);
  const { zone, network } = worker.world.dns;
  zone.set(SIBLING, [address('10.0.2.1', 5)]);
  const serve = servingZones(zone);
  network.set(SERVER, (query) => {
    if (query.name === NAME && query.type === 'A') {
      zone.set(
        NAME,
        answers().map((each) => address(each, 5)),
      );
    }
    return serve(query);
  });
  return worker;
}

/** Writes of what carries traffic, since it was asked last. */
function writesOf({ world }: LiveWorker): string[] {
  return world.client.requests
    .splice(0)
    .filter(
      (request) => !request.startsWith('GET') && /\/(endpointslices|endpoints|services)\//.test(request),
    );
}

interface Status {
  readonly targets: readonly {
    readonly endpoints: readonly {
      readonly address: string;
      readonly ready: boolean;
      readonly held?: { readonly reason: string; readonly message: string; readonly until: string | null };
    }[];
  }[];
}

async function endpointsOf(worker: LiveWorker) {
  const status: Status = JSON.parse((await worker.get('/api/status')).body);
  return status.targets[0]?.endpoints ?? [];
}

async function readyAt(worker: LiveWorker): Promise<string[]> {
  return (await endpointsOf(worker)).filter(({ ready }) => ready).map((each) => each.address);
}

describe('run with a name whose answers change', () => {
  it('publishes all 12 addresses of a name that answers with 4 at a time, and then writes nothing', async () => {
    const random = seededRandom(5);
    const worker = workerWith(() => {
      const pool = [...TWELVE];
      return Array.from({ length: 4 }, () => pool.splice(random.integer(pool.length), 1)[0] ?? '');
    });
    await worker.world.clock.advance(10 * MINUTE);
    expect(writesOf(worker).length).toBeGreaterThan(0);
    expect((await readyAt(worker)).toSorted()).toEqual([...TWELVE, '10.0.2.1'].toSorted());
    await worker.world.clock.advance(30 * MINUTE);
    expect(writesOf(worker)).toEqual([]);
    await worker.end();
  });

  it('changes the slices no faster than the hold when the answer alternates between two sets', async () => {
    let flips = 0;
    const worker = workerWith(() => {
      flips += 1;
      return flips % 2 === 0 ? addresses(1, 2) : addresses(3, 4);
    });
    const { clock } = worker.world;
    await clock.advance(10_000);
    writesOf(worker);
    let writes = 0;
    for (let window = 0; window < 20; window += 1) {
      await clock.advance(30_000);
      writes += writesOf(worker).length;
    }
    expect(flips).toBeGreaterThan(100);
    expect((await readyAt(worker)).toSorted()).toEqual([...addresses(1, 2, 3, 4), '10.0.2.1']);
    // The sets are whole after two answers, before the first hold is over.
    expect(writes).toBe(0);
    await worker.end();
  });
});

it('run asks once for a name that many targets share', async () => {
  const targets = Array.from(
    { length: 200 },
    (_, index) =>
      `  - { name: db-${index}, ports: [{ port: ${1_000 + index} }], endpoints: [{ host: ${NAME} }], dns: { servers: ["10.0.0.53"], hold: { obsolete: ${index}s } } }`,
  );
  const worker = LiveWorker.start(
    `apiVersion: external-endpoints/v1\nkind: TargetList\ntargets:\n${targets.join('\n')}\n`,
  );
  const { clock, dns } = worker.world;
  dns.zone.set(NAME, [address('10.0.1.1', 20)]);
  await clock.advance(10_000);
  expect(dns.network.queries.map(({ type }) => type).toSorted()).toEqual(['A', 'AAAA']);
  expect((await worker.metrics()).sum('targets', { phase: 'Published' })).toBe(200);
  await worker.end();
});

describe('run with a name that fails', () => {
  it('keeps and probes its addresses, reports the reason and the end of the hold, and follows the other name of the target', async () => {
    const worker = workerWith(() => addresses(1, 2));
    const { clock, dns, network } = worker.world;
    await clock.advance(10_000);
    const serve = servingZones(dns.zone);
    dns.network.set(SERVER, (query) => (query.name === NAME ? answering('SERVFAIL')(query) : serve(query)));
    dns.zone.set(SIBLING, [address('10.0.2.2', 5)]);
    network.set('10.0.1.2:5432', { does: 'fail', code: 'ECONNREFUSED' });
    await clock.advance(MINUTE);
    const endpoints = new Map((await endpointsOf(worker)).map((each) => [each.address, each]));
    expect([...endpoints.keys()].toSorted()).toEqual([...addresses(1, 2), '10.0.2.2']);
    expect(endpoints.get('10.0.1.1')).toMatchObject({ ready: true });
    expect(endpoints.get('10.0.1.2')).toMatchObject({ ready: false });
    expect(endpoints.get('10.0.2.2')?.held).toBeUndefined();
    for (const held of addresses(1, 2)) {
      expect(endpoints.get(held)?.held).toMatchObject({
        reason: 'ServerFailure',
        message: `${NAME} A: 10.0.0.53:53: answers SERVFAIL`,
        until: null,
      });
    }
    await worker.end();
  });

  it('reports until when the addresses of a name are held after NXDOMAIN', async () => {
    const worker = workerWith(() => addresses(1));
    const { clock, dns } = worker.world;
    await clock.advance(10_000);
    dns.network.set(SERVER, servingZones(dns.zone));
    dns.zone.set(NAME, []);
    await clock.advance(20_000);
    const held = (await endpointsOf(worker)).find((each) => each.address === '10.0.1.1')?.held;
    expect(held).toMatchObject({ reason: 'NameNotFound' });
    const leftMs = Date.parse(held?.until ?? '') - clock.wallNow();
    expect(leftMs).toBeGreaterThan(4.5 * MINUTE);
    expect(leftMs).toBeLessThan(5 * MINUTE);
    await clock.advance(leftMs + 1_000);
    expect((await endpointsOf(worker)).map((each) => each.address)).toEqual(['10.0.2.1']);
    await worker.end();
  });
});
