import { describe, expect, it } from 'vitest';
import { NO_EVENTS } from '../../../src/cluster/event-sink.ts';
import type { ObjectStore } from '../../../src/cluster/object-store.ts';
import { proberOver } from '../../../src/health/probe.ts';
import type { EndpointSliceObject } from '../../../src/manifest/kube-object.ts';
import { NO_LOG } from '../../../src/model/log.ts';
import { ConfigMapState } from '../../../src/state/config-map-state.ts';
import { NO_METRICS } from '../../../src/sync/metrics.ts';
import { type OncePorts, type OnceRequest, type OnceResult, runOnce } from '../../../src/sync/once.ts';
import { servingZones, silent } from '../../support/dns-network.ts';
import { address, ResolverBench, SERVER } from '../../support/dns-resolver.ts';
import { type InMemoryClient, InMemoryCluster } from '../../support/in-memory-cluster.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
import { ScriptedNetwork } from '../../support/scripted-network.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { storeWith } from '../../support/store-with.ts';
import { listOf } from '../../support/targets.ts';

const REFUSED = { does: 'fail', code: 'ECONNREFUSED' } as const;

const LIMITS = {
  maxProbesInFlight: 100,
  resolvingTimeoutMs: 24_000,
  probingTimeoutMs: 42_000,
  writingTimeoutMs: 54_000,
};

/** A world without sockets. Passes share nothing but the cluster, and the resolver's cache. */
class PassBench {
  readonly dns: ResolverBench;
  readonly clock: ManualClock;
  readonly network: ScriptedNetwork;
  readonly cluster: InMemoryCluster;
  readonly client: InMemoryClient;
  readonly progress: string[] = [];
  /** Between a pass and the cluster. */
  store: ObjectStore;

  constructor(dns = new ResolverBench()) {
    this.dns = dns;
    this.clock = dns.clock;
    this.network = new ScriptedNetwork(this.clock);
    this.cluster = new InMemoryCluster(this.clock);
    this.client = this.cluster.newClient();
    this.store = this.client.store;
  }

  async pass(targets: string, changes: Partial<OnceRequest> = {}): Promise<OnceResult> {
    const defaults = `metadata: { name: bench }\ndefaults: { namespace: default, dns: { servers: ["${SERVER.address}"] } }`;
    const list = listOf(targets, defaults);
    const request: OnceRequest = {
      work: { list },
      options: {
        instance: 'default',
        adopt: false,
        policy: 'sync',
        allowMassDelete: false,
        acceptDrain: false,
        pruneLists: [],
      },
      ...LIMITS,
      writes: 'whileLeading',
      ...changes,
    };
    const place = { namespace: 'default', instance: 'default' };
    const plain = { compress: async (text: string) => text, decompress: async (text: string) => text };
    const ports: OncePorts = {
      resolver: this.dns.resolver,
      prober: proberOver(this.network, this.clock),
      clock: this.clock,
      random: seededRandom(1),
      log: NO_LOG,
      metrics: NO_METRICS,
      events: NO_EVENTS,
      isLeader: () => true,
      cluster: {
        store: this.store,
        state: new ConfigMapState(this.client.store, plain, this.clock, place),
        requestCount: () => this.client.requests.length,
      },
    };
    const onProgress = (step: string, done: number, total: number) =>
      this.progress.push(`${step} ${done}/${total}`);
    return this.clock.advanceUntil(runOnce(request, ports, onProgress, new AbortController().signal));
  }

  /** The same, for passes that must come to an end. */
  async done(targets: string, changes: Partial<OnceRequest> = {}) {
    const result = await this.pass(targets, changes);
    if (!result.ok) throw new Error(result.failure.message);
    return result;
  }

  /** Requests that are no reads. */
  get writes(): string[] {
    return this.client.requests.filter((request) => !request.startsWith('GET '));
  }

  async served(service: string): Promise<Record<string, boolean | undefined>> {
    const selector = `kubernetes.io/service-name=${service}`;
    const never = new AbortController().signal;
    const list = await this.client.store.list('EndpointSlice', { labelSelector: selector }, never);
    const slices = (list.ok ? list.value.items : []) as EndpointSliceObject[];
    return Object.fromEntries(
      slices.flatMap((slice) =>
        (slice.endpoints ?? []).map(({ addresses, conditions }) => [addresses[0] ?? '', conditions?.ready]),
      ),
    );
  }
}

const DB =
  '  - { name: db, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }, { address: 10.0.0.2 }] }';
const NAMED = '  - { name: db, ports: [{ port: 1 }], endpoints: [{ host: db.example.test }] }';

describe('a pass', () => {
  it('writes what there is to write, and the next one nothing', async () => {
    const bench = new PassBench();
    const first = await bench.done(DB);
    expect(first.report.summary).toMatchObject({ targets: 1, created: 3, updated: 0, deleted: 0, failed: 0 });
    expect(first.notes).toEqual([]);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true, '10.0.0.2': true });
    const written = bench.writes.length;
    const second = await bench.done(DB);
    expect(second.report.summary).toMatchObject({ created: 0, updated: 0, deleted: 0, unchanged: 1 });
    expect(bench.writes).toHaveLength(written);
    expect(second.report.summary.requests).toBeLessThanOrEqual(8);
  });

  it('that only plans sends no write, and says the same as the one that writes', async () => {
    const bench = new PassBench();
    const planned = await bench.done(DB, { writes: 'none' });
    expect(bench.writes).toEqual([]);
    const written = await bench.done(DB);
    expect(
      planned.plans.map(({ actions }) => actions.map(({ verb, kind, name }) => [verb, kind, name])),
    ).toEqual(written.plans.map(({ actions }) => actions.map(({ verb, kind, name }) => [verb, kind, name])));
    expect(planned.report.targets).toEqual(written.report.targets);
  });

  it('that is judged by the API server keeps neither objects nor state', async () => {
    const bench = new PassBench();
    const dry = await bench.done(DB, { writes: 'dryRun' });
    expect(dry.report.summary).toMatchObject({ created: 3, failed: 0 });
    expect(bench.writes.filter((request) => request.includes('configmaps'))).toEqual([]);
    expect(await bench.served('db')).toEqual({});
    expect((await bench.done(DB, { writes: 'none' })).report.summary.created).toBe(3);
  });

  it('tells how far it is', async () => {
    const bench = new PassBench();
    bench.dns.zone.set('db.example.test', [address('10.0.0.1'), address('10.0.0.2')]);
    await bench.done(NAMED);
    expect(bench.progress).toEqual(['resolving 1/1', 'checking 1/2', 'checking 2/2', 'writing 1/1']);
  });

  it('leaves no timer behind', async () => {
    const bench = new PassBench();
    bench.network.set('10.0.0.1:1', { does: 'swallow' });
    await bench.done(DB);
    expect(bench.clock.sleeping).toBe(0);
    expect(bench.network.inFlight).toBe(0);
  });
});

describe('a target that is slow', () => {
  it('delays no other, and is done in its own time', async () => {
    const bench = new PassBench();
    bench.network.set('10.0.0.9:1', { does: 'swallow' });
    const startMs = bench.clock.monotonicNow();
    const writtenAtMs = new Map<string, number>();
    const { store } = bench;
    bench.store = storeWith(store, {
      apply: (...args: Parameters<ObjectStore['apply']>) => {
        const [{ kind, metadata }] = args;
        writtenAtMs.set(`${kind} ${metadata.name}`, bench.clock.monotonicNow() - startMs);
        return store.apply(...args);
      },
    });
    await bench.done(
      `${DB}\n  - { name: slow, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.9 }], healthCheck: { interval: 30s, timeout: 10s } }`,
    );
    expect(writtenAtMs.get('Service db')).toBeLessThanOrEqual(2_000);
    expect(writtenAtMs.get('Service slow')).toBeGreaterThanOrEqual(20_000);
    expect(await bench.served('slow')).toEqual({ '10.0.0.9': false });
  });

  it('stays as it is published when there is no time for its verdict', async () => {
    const bench = new PassBench();
    await bench.done(DB);
    bench.network.set('10.0.0.1:1', { does: 'swallow' });
    const { report } = await bench.done(DB, { probingTimeoutMs: 1_000 });
    expect(report.summary).toMatchObject({ updated: 0, unchanged: 1 });
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true, '10.0.0.2': true });
  });
});

describe('the time of a pass', () => {
  it('is not used up by DNS servers that are silent: what has no names gets its verdicts', async () => {
    const bench = new PassBench(new ResolverBench({ maxInFlightPerGroup: 2 }));
    const named = Array.from(
      { length: 12 },
      (_, at) => `  - { name: n${at}, ports: [{ port: 1 }], endpoints: [{ host: n${at}.example.test }] }`,
    ).join('\n');
    for (let at = 0; at < 12; at++) bench.dns.zone.set(`n${at}.example.test`, [address(`10.0.1.${at}`)]);
    await bench.done(`${DB}\n${named}`);
    await bench.clock.advance(61_000);
    bench.dns.network.set(SERVER, silent);
    bench.network.set('10.0.0.1:1', REFUSED);
    const startMs = bench.clock.monotonicNow();
    const { report } = await bench.done(`${DB}\n${named}`);
    expect(bench.clock.monotonicNow() - startMs).toBeLessThanOrEqual(LIMITS.probingTimeoutMs);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': false, '10.0.0.2': true });
    expect(await bench.served('n11')).toEqual({ '10.0.1.11': true });
    expect(report.targets.at(-1)).toMatchObject({ phase: 'Published', reason: 'NameUnresolved' });
  });

  it('that is over leaves what is not written to the next pass, and says so of that alone', async () => {
    const bench = new PassBench();
    bench.client.fault = ({ method, path }) =>
      method === 'PATCH' && path.includes('/services/slow') ? 'hangs' : undefined;
    const both = `${DB}\n  - { name: slow, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.3 }] }`;
    const startMs = bench.clock.monotonicNow();
    const { report } = await bench.done(both);
    expect(bench.clock.monotonicNow() - startMs).toBe(LIMITS.writingTimeoutMs);
    expect(report.targets).toMatchObject([
      { name: 'db', phase: 'Published', actions: [{}, {}, {}] },
      { name: 'slow', phase: 'Pending', reason: 'PassTimeout', actions: [] },
    ]);
    expect(report.summary).toMatchObject({ created: 3, failed: 1 });
    expect(bench.clock.sleeping).toBe(0);
    bench.client.fault = () => undefined;
    expect((await bench.done(both)).report.summary).toMatchObject({ created: 3, unchanged: 1, failed: 0 });
  });
});

describe('names', () => {
  it('that fail keep their addresses, and one that fails holds up no other', async () => {
    const bench = new PassBench();
    bench.dns.zone.set('a.example.test', [address('10.0.0.1')]);
    bench.dns.zone.set('b.example.test', [address('10.0.0.2')]);
    const both =
      '  - { name: db, ports: [{ port: 1 }], endpoints: [{ host: a.example.test }, { host: b.example.test }] }';
    await bench.done(both);
    await bench.clock.advance(61_000);
    bench.dns.zone.set('a.example.test', []);
    bench.dns.zone.set('b.example.test', [address('10.0.0.3')]);
    const { report } = await bench.done(both);
    expect(report.targets[0]).toMatchObject({ phase: 'Published', reason: 'NameUnresolved' });
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true, '10.0.0.2': true, '10.0.0.3': true });
  });

  it('let an address go when its hold is over, whichever process notices', async () => {
    const bench = new PassBench();
    bench.dns.zone.set('db.example.test', [address('10.0.0.1', 5), address('10.0.0.2', 5)]);
    await bench.done(NAMED);
    bench.dns.zone.set('db.example.test', [address('10.0.0.1', 5)]);
    await bench.clock.advance(10_000);
    await bench.done(NAMED);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true, '10.0.0.2': true });
    await bench.clock.advance(31_000);
    await bench.done(NAMED);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true });
  });
});

describe('a Service is not emptied by what DNS says', () => {
  const named = (name: string, more = '') =>
    `  - { name: db, ports: [{ port: 1 }], endpoints: [{ host: ${name}.example.test }]${more} }`;

  it('when the list names a host that nobody answers for, or that does not exist: nothing is done until it has an address', async () => {
    const bench = new PassBench();
    bench.dns.zone.set('a.example.test', [address('10.0.0.1')]);
    await bench.done(named('a'));
    bench.dns.network.set(SERVER, silent);
    const unanswered = await bench.done(named('b'));
    expect(unanswered.report.targets[0]).toMatchObject({ phase: 'Pending', reason: 'WouldLeaveNoneReady' });
    expect(unanswered.report.targets[0]?.message).toContain('host b.example.test: QueryTimeout');
    bench.dns.network.set(SERVER, servingZones(bench.dns.zone));
    await bench.clock.advance(120_000);
    const mistyped = await bench.done(named('b'));
    expect(mistyped.report.targets[0]).toMatchObject({ phase: 'Pending', reason: 'WouldLeaveNoneReady' });
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true });
    bench.dns.zone.set('b.example.test', [address('10.0.0.2')]);
    await bench.clock.advance(301_000);
    await bench.done(named('b'));
    expect(await bench.served('db')).toEqual({ '10.0.0.2': true });
  });

  it('when the name moves to a host that is down: the old one stays until that is up', async () => {
    const bench = new PassBench();
    bench.dns.zone.set('a.example.test', [address('10.0.0.1', 5)]);
    await bench.done(named('a'));
    bench.dns.zone.set('a.example.test', [address('10.0.0.2', 5)]);
    bench.network.set('10.0.0.2:1', REFUSED);
    for (let passes = 0; passes < 3; passes++) {
      await bench.clock.advance(60_000);
      const { report } = await bench.done(named('a'));
      expect(await bench.served('db')).toEqual({ '10.0.0.1': true, '10.0.0.2': false });
      expect(report.targets[0]).toMatchObject({ phase: 'Published' });
    }
    const { report } = await bench.done(named('a'));
    const old = report.targets[0]?.endpoints.find((each) => each.address === '10.0.0.1');
    expect(old?.held).toMatchObject({ reason: 'NothingElseReady', until: null });
    bench.network.set('10.0.0.2:1', { does: 'accept' });
    await bench.done(named('a'));
    expect(await bench.served('db')).toEqual({ '10.0.0.2': true });
  });

  it('when the name is gone for longer than its hold: the address goes on being published by its health', async () => {
    const bench = new PassBench();
    bench.dns.zone.set('a.example.test', [address('10.0.0.1', 5)]);
    await bench.done(named('a', ', dns: { hold: { notFound: 1m } }, publish: { lastReady: drain }'));
    bench.dns.zone.set('a.example.test', []);
    for (let passes = 0; passes < 3; passes++) {
      await bench.clock.advance(60_000);
      await bench.done(named('a', ', dns: { hold: { notFound: 1m } }, publish: { lastReady: drain }'));
      expect(await bench.served('db')).toEqual({ '10.0.0.1': true });
    }
    bench.network.set('10.0.0.1:1', REFUSED);
    await bench.done(named('a', ', dns: { hold: { notFound: 1m } }, publish: { lastReady: drain }'));
    expect(await bench.served('db')).toEqual({ '10.0.0.1': false });
  });
});

describe('a cluster', () => {
  it('that cannot be read is an answer, and nothing was written', async () => {
    const bench = new PassBench();
    bench.client.fault = () => 'refused';
    expect(await bench.pass(DB)).toMatchObject({ ok: false, failure: { reason: 'Unreachable' } });
    expect(bench.writes).toEqual([]);
  });

  it('that does not tell its Service ranges because it is away is an answer too: nothing was written', async () => {
    const bench = new PassBench();
    const { store } = bench;
    const failure = {
      reason: 'ServerError',
      httpStatus: 503,
      message: 'away',
      outcomeUnknown: false,
    } as const;
    bench.store = storeWith(store, {
      list: async (...args: Parameters<ObjectStore['list']>) =>
        args[0] === 'ServiceCIDR' ? { ok: false, failure } : store.list(...args),
    });
    expect(await bench.pass(DB)).toEqual({ ok: false, failure });
    expect(bench.writes).toEqual([]);
  });

  it('that forbids one namespace has the targets of the others done', async () => {
    const bench = new PassBench();
    const { store } = bench;
    bench.store = storeWith(store, {
      list: async (...args: Parameters<ObjectStore['list']>) =>
        args[1].namespace === 'secret'
          ? {
              ok: false,
              failure: { reason: 'Forbidden', httpStatus: 403, message: 'no', outcomeUnknown: false },
            }
          : store.list(...args),
    });
    const { report } = await bench.done(
      `${DB}\n  - { name: x, namespace: secret, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }] }`,
    );
    expect(report.targets).toMatchObject([
      { name: 'db', phase: 'Published' },
      { name: 'x', phase: 'Failed', reason: 'Forbidden', message: 'namespace secret cannot be read: no' },
    ]);
  });

  it('whose answer to a write is lost is asked what became of it', async () => {
    const bench = new PassBench();
    let lost = 0;
    const { store } = bench;
    bench.store = storeWith(store, {
      apply: async (...args: Parameters<ObjectStore['apply']>) => {
        const result = await store.apply(...args);
        if (args[0].kind !== 'EndpointSlice' || lost++ > 0) return result;
        return {
          ok: false,
          failure: { reason: 'Timeout', httpStatus: 504, message: 'late', outcomeUnknown: true },
        };
      },
    });
    const { report } = await bench.done(DB);
    expect(report.summary).toMatchObject({ failed: 0 });
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true, '10.0.0.2': true });
    expect((await bench.done(DB)).report.summary).toMatchObject({ created: 0, updated: 0, unchanged: 1 });
  });
});

describe('what left the list', () => {
  const list = (...names: readonly string[]) =>
    names
      .map((name) => `  - { name: ${name}, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }] }`)
      .join('\n');

  it('is deleted, and reported behind the list', async () => {
    const bench = new PassBench();
    await bench.done(list('a', 'b', 'c', 'd'));
    const { report } = await bench.done(list('e', 'b', 'c', 'd'));
    expect(report.targets.map(({ name, phase }) => [name, phase])).toEqual([
      ['e', 'Published'],
      ['b', 'Published'],
      ['c', 'Published'],
      ['d', 'Published'],
      ['a', 'Deleted'],
    ]);
    expect(bench.writes).toContain('DELETE /api/v1/namespaces/default/services/a');
  });

  it('stays under a policy that deletes nothing', async () => {
    const bench = new PassBench();
    await bench.done(list('a', 'b', 'c', 'd'));
    const options = {
      instance: 'default',
      adopt: false,
      allowMassDelete: false,
      acceptDrain: false,
      pruneLists: [],
    } as const;
    for (const policy of ['upsert-only', 'create-only'] as const) {
      const { report } = await bench.done(list('b', 'c', 'd'), { options: { ...options, policy } });
      expect(report.targets.at(-1)).toMatchObject({
        name: 'a',
        phase: 'Orphaned',
        reason: 'ExcludedByPolicy',
      });
      expect(report.summary.deleted).toBe(0);
    }
  });
});

describe('when everything is down at once', () => {
  const many = (count: number) =>
    Array.from(
      { length: count },
      (_, at) => `  - { name: t${at}, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.${at + 1} }] }`,
    ).join('\n');

  it('a worker that may have no connectivity drains nothing, except with --accept-drain', async () => {
    const bench = new PassBench();
    await bench.done(many(6));
    for (let at = 0; at < 6; at++) bench.network.set(`10.0.0.${at + 1}:1`, REFUSED);
    const { report } = await bench.done(many(6));
    expect(report.summary).toMatchObject({ updated: 0 });
    expect(await bench.served('t0')).toEqual({ '10.0.0.1': true });
    const options = { instance: 'default', adopt: false, policy: 'sync', allowMassDelete: false } as const;
    await bench.done(many(6), { options: { ...options, acceptDrain: true, pruneLists: [] } });
    expect(await bench.served('t0')).toEqual({ '10.0.0.1': false });
  });

  it('is believed in the next pass, when something else is healthy then; without a state it never is', async () => {
    const mostAreDown = async (state: 'kept' | 'forbidden') => {
      const bench = new PassBench();
      if (state === 'forbidden') {
        bench.client.fault = (request) => (request.path.includes('/configmaps') ? 'forbidden' : undefined);
      }
      await bench.done(many(6));
      for (let at = 0; at < 5; at++) bench.network.set(`10.0.0.${at + 1}:1`, REFUSED);
      const readiness: (boolean | undefined)[] = [];
      for (let passes = 0; passes < 3; passes += 1) {
        await bench.done(many(6));
        readiness.push((await bench.served('t0'))['10.0.0.1']);
        await bench.clock.advance(300_000);
      }
      return readiness;
    };
    expect(await mostAreDown('kept')).toEqual([true, false, false]);
    expect(await mostAreDown('forbidden')).toEqual([true, true, true]);
  });

  it('and back before the next pass, no suspicion is left', async () => {
    const bench = new PassBench();
    await bench.done(many(6));
    const set = (behaviour: Parameters<typeof bench.network.set>[1]) => {
      for (let at = 0; at < 5; at++) bench.network.set(`10.0.0.${at + 1}:1`, behaviour);
    };
    set(REFUSED);
    await bench.done(many(6));
    set({ does: 'accept' });
    await bench.clock.advance(300_000);
    await bench.done(many(6));
    await bench.clock.advance(300_000);
    // Another outage is another suspicion, and is not settled by what was seen between the two.
    set(REFUSED);
    await bench.done(many(6));
    expect(await bench.served('t0')).toEqual({ '10.0.0.1': true });
  });
});

describe('passes that accumulate', () => {
  const counting = DB.replace(
    'endpoints:',
    'healthCheck: { unhealthyThreshold: 3, oneShot: accumulate }, endpoints:',
  );

  it('of a CronJob: three with one failed check each make a verdict', async () => {
    const bench = new PassBench();
    for (let passes = 0; passes < 2; passes += 1) await bench.done(counting);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true, '10.0.0.2': true });
    bench.network.set('10.0.0.1:1', REFUSED);
    const readiness: (boolean | undefined)[] = [];
    for (let passes = 0; passes < 3; passes += 1) {
      await bench.clock.advance(60_000);
      const before = bench.network.dialsTo('10.0.0.1:1').length;
      await bench.done(counting);
      expect(bench.network.dialsTo('10.0.0.1:1').length - before).toBe(1);
      readiness.push((await bench.served('db'))['10.0.0.1']);
    }
    expect(readiness).toEqual([true, true, false]);
    expect((await bench.served('db'))['10.0.0.2']).toBe(true);
  });

  it('one success between them begins the count anew', async () => {
    const bench = new PassBench();
    for (let passes = 0; passes < 2; passes += 1) await bench.done(counting);
    const readiness: (boolean | undefined)[] = [];
    for (const behaviour of [REFUSED, REFUSED, { does: 'accept' }, REFUSED, REFUSED, REFUSED] as const) {
      bench.network.set('10.0.0.1:1', behaviour);
      await bench.done(counting);
      readiness.push((await bench.served('db'))['10.0.0.1']);
    }
    expect(readiness).toEqual([true, true, true, true, true, false]);
  });
});
