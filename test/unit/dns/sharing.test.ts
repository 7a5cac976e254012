import { describe, expect, it } from 'vitest';
import { QueryQueue } from '../../../src/dns/query-queue.ts';
import { answering, serverAt, silent } from '../../support/dns-network.ts';
import {
  address,
  DNS_SETTINGS,
  host,
  inShort,
  ResolverBench,
  SERVER,
  srv,
} from '../../support/dns-resolver.ts';
import { settle } from '../../support/manual-clock.ts';

const NEVER = new AbortController().signal;

describe('the cache', () => {
  it.each([
    ['its TTL', 20, 20_000],
    ['minTTL, when its TTL is shorter', 0, 5_000],
    ['maxTTL, when its TTL is longer', 86_400, 300_000],
  ])('keeps an answer for %s', async (_, ttlSeconds, expectedMs) => {
    const bench = new ResolverBench();
    bench.zone.set('db.example.test', [address('10.0.0.1', ttlSeconds), address('fd00::1', 86_400)]);
    await bench.resolve('db.example.test');
    await bench.clock.advance(expectedMs - 100);
    await bench.resolve('db.example.test');
    expect(bench.network.queries).toHaveLength(2);
    await bench.clock.advance(200);
    await bench.resolve('db.example.test');
    expect(bench.network.queries.length).toBeGreaterThan(2);
  });

  it('keeps a negative answer for the time of the SOA record', async () => {
    const bench = new ResolverBench();
    await bench.resolve('nope.example.test');
    await bench.clock.advance(59_000);
    await bench.resolve('nope.example.test');
    expect(bench.network.queries).toHaveLength(2);
    await bench.clock.advance(2_000);
    await bench.resolve('nope.example.test');
    expect(bench.network.queries).toHaveLength(4);
  });

  it('keeps a failure for minTTL, doubled each time up to half a minute', async () => {
    const bench = new ResolverBench();
    bench.network.set(SERVER, answering('REFUSED'));
    const askedAtSeconds: number[] = [];
    const startMs = bench.clock.monotonicNow();
    for (let second = 0; second < 130; second += 1) {
      const before = bench.network.queries.length;
      await bench.resolve('db.example.test');
      if (bench.network.queries.length > before) {
        askedAtSeconds.push(Math.floor((bench.clock.monotonicNow() - startMs) / 1000));
      }
      await bench.clock.advance(1_000);
    }
    expect(askedAtSeconds).toEqual([0, 5, 15, 35, 65, 95, 125]);
  });

  it('serves targets with other TTL limits from the same query', async () => {
    const bench = new ResolverBench();
    bench.zone.set('db.example.test', [address('10.0.0.1', 60)]);
    await bench.resolve('db.example.test');
    await bench.resolve('db.example.test', { minTtlMs: 60_000, maxTtlMs: 60_000, hosts: true });
    expect(bench.network.queries).toHaveLength(2);
  });

  it('keeps answers of different servers apart', async () => {
    const bench = new ResolverBench();
    const other = serverAt('10.9.9.9');
    bench.network.set(other, answering('NXDOMAIN'));
    bench.zone.set('db.example.test', [address('10.0.0.1')]);
    expect(inShort((await bench.resolve('db.example.test')).IPv4)).toBe('10.0.0.1');
    expect(inShort((await bench.resolve('db.example.test', { servers: [other] })).IPv4)).toBe('NameNotFound');
  });

  it('is bounded: it forgets names that are not used any more', async () => {
    const bench = new ResolverBench({ maxNames: 10 });
    bench.zone.set('db.example.test', [address('10.0.0.1')]);
    await bench.resolve('db.example.test');
    for (let index = 0; index < 10; index += 1) {
      await bench.resolve(`n${index}.example.test`);
      if (index === 4) await bench.resolve('db.example.test');
    }
    const before = bench.network.queries.length;
    await bench.resolve('db.example.test');
    expect(bench.network.queries).toHaveLength(before);
    await bench.resolve('n0.example.test');
    expect(bench.network.queries).toHaveLength(before + 2);
  });
});

describe('a query that several callers share', () => {
  function waiting() {
    const bench = new ResolverBench();
    bench.zone.set('db.example.test', [address('10.0.0.1')]);
    const source = { kind: 'host', host: host('db.example.test') } as const;
    const ask = (signal: AbortSignal) => bench.resolver.resolve(source, DNS_SETTINGS, signal);
    return { bench, ask };
  }

  it('goes on when one of them aborts', async () => {
    const { bench, ask } = waiting();
    const controller = new AbortController();
    const first = ask(NEVER);
    const second = ask(controller.signal);
    controller.abort(new Error('enough'));
    await expect(second).rejects.toThrow('enough');
    expect(inShort((await bench.clock.advanceUntil(first)).IPv4)).toBe('10.0.0.1');
    expect(bench.network.queries).toHaveLength(2);
  });

  it('starts again, once, when its first caller aborts', async () => {
    const { bench, ask } = waiting();
    const controller = new AbortController();
    const first = ask(controller.signal);
    const others = [ask(NEVER), ask(NEVER)];
    controller.abort(new Error('enough'));
    await expect(first).rejects.toThrow('enough');
    const answers = await bench.clock.advanceUntil(Promise.all(others));
    expect(answers.map(({ IPv4 }) => inShort(IPv4))).toEqual(['10.0.0.1', '10.0.0.1']);
    expect(bench.network.queries).toHaveLength(4);
    expect(bench.resolver.load()).toEqual({ inFlight: 0, waiting: 0 });
  });

  it('leaves nothing behind when all abort', async () => {
    const { bench, ask } = waiting();
    bench.network.set(SERVER, silent);
    const controller = new AbortController();
    const asking = Array.from({ length: 10 }, () => ask(controller.signal));
    await settle();
    controller.abort(new Error('enough'));
    const results = await Promise.allSettled(asking);
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
    await settle();
    expect(bench.resolver.load()).toEqual({ inFlight: 0, waiting: 0 });
    expect(bench.clock.sleeping).toBe(0);
    await expect(ask(controller.signal)).rejects.toThrow('enough');
  });
});

describe('the limit of queries in flight', () => {
  const limits = { maxInFlight: 8, maxInFlightPerGroup: 6 };

  it('holds with a thousand names at once', async () => {
    const bench = new ResolverBench(limits);
    const names = Array.from({ length: 1_000 }, (_, index) => `n${index}.example.test`);
    for (const name of names) bench.zone.set(name, [address('10.0.0.1')]);
    await Promise.all(names.map((name) => bench.resolve(name)));
    expect(bench.network.queries).toHaveLength(2_000);
    expect(bench.network.mostInFlight).toBe(6);
  });

  it('does not let silent servers delay others', async () => {
    const bench = new ResolverBench(limits);
    const dead = serverAt('10.9.9.9');
    bench.network.set(dead, silent);
    bench.zone.set('db.example.test', [address('10.0.0.1')]);
    const stuck = Array.from({ length: 50 }, (_, index) =>
      bench.resolve(`n${index}.test`, { servers: [dead] }),
    );
    const startMs = bench.clock.monotonicNow();
    await settle();
    const { IPv4 } = await bench.resolve('db.example.test');
    expect(inShort(IPv4)).toBe('10.0.0.1');
    expect(bench.clock.monotonicNow() - startMs).toBeLessThan(100);
    await Promise.all(stuck);
  });

  it('does not let a name with hundreds of queries delay others', async () => {
    const bench = new ResolverBench({ maxInFlight: 2, maxInFlightPerGroup: 2 });
    const targets = Array.from({ length: 200 }, (_, index) => srv(`t${index}.elsewhere.test`, 1));
    bench.zone.set('_many._tcp.example.test', targets);
    bench.zone.set('db.example.test', [address('10.0.0.1')]);
    const many = bench.resolve('_many._tcp.example.test');
    await bench.clock.advance(2);
    const before = bench.network.queries.length;
    await bench.resolve('db.example.test');
    expect(bench.network.queries.length - before).toBeLessThan(10);
    await many;
  });

  it('reports a full queue, and sends no query', async () => {
    const bench = new ResolverBench({ maxInFlight: 1, maxInFlightPerGroup: 1, maxWaiting: 1 });
    bench.zone.set('a.example.test', [address('10.0.0.1'), address('fd00::1')]);
    const results = await Promise.all([bench.resolve('a.example.test'), bench.resolve('b.example.test')]);
    expect(results.map(({ IPv4 }) => inShort(IPv4))).toEqual(['10.0.0.1', 'TooManyQueries']);
  });
});

describe('QueryQueue', () => {
  const limits = { maxInFlight: 2, maxInFlightPerGroup: 2, maxWaiting: 100 };

  /** Fills the slots, lets the others wait, and returns the order in which they start. */
  async function order(arrivals: readonly (readonly [group: string, lane: string])[]): Promise<string> {
    const queue = new QueryQueue(limits);
    const came: string[] = [];
    expect(queue.enter('x', 'first', NEVER)).toBe(true);
    expect(queue.enter('x', 'second', NEVER)).toBe(true);
    arrivals.forEach(async ([group, lane]) => {
      await queue.enter(group, lane, NEVER);
      came.push(`${group}${lane}`);
      queue.leave(group);
    });
    queue.leave('x');
    queue.leave('x');
    for (let round = 0; round < arrivals.length; round += 1) await settle();
    expect([queue.inFlight, queue.waiting]).toEqual([0, 0]);
    return came.join(' ');
  }

  it('lets lanes take turns', async () => {
    const arrivals = [
      ['a', '1'],
      ['a', '1'],
      ['a', '1'],
      ['a', '2'],
      ['a', '3'],
    ] as const;
    expect(await order(arrivals)).toBe('a1 a2 a3 a1 a1');
  });

  it('lets groups take turns', async () => {
    const arrivals = [
      ['a', '1'],
      ['a', '2'],
      ['a', '3'],
      ['b', '1'],
      ['b', '2'],
    ] as const;
    expect(await order(arrivals)).toBe('a1 b1 a2 b2 a3');
  });
});
