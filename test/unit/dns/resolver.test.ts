import { describe, expect, it } from 'vitest';
import { answering, serverAt, silent } from '../../support/dns-network.ts';
import { address, cname, inShort, ResolverBench, SERVER, srv } from '../../support/dns-resolver.ts';

describe('a resolver', () => {
  it('resolves both families of a name, in numeric order, with the smallest TTL', async () => {
    const bench = new ResolverBench();
    bench.zone.set('db.example.test', [
      address('10.0.0.12', 30),
      address('10.0.0.2', 20),
      address('fd00::2'),
    ]);
    const { IPv4, IPv6 } = await bench.resolve('db.example.test');
    expect(inShort(IPv4)).toBe('10.0.0.2 10.0.0.12');
    expect(IPv4).toMatchObject({ ttlSeconds: 20 });
    expect(inShort(IPv6)).toBe('fd00::2');
  });

  it('follows CNAME records, and takes the smallest TTL of the chain', async () => {
    const bench = new ResolverBench();
    bench.zone.set('db.example.test', [cname('primary.example.test', 7)]);
    bench.zone.set('primary.example.test', [address('10.0.0.1', 60)]);
    const { IPv4, IPv6 } = await bench.resolve('db.example.test');
    expect(IPv4).toMatchObject({ outcome: 'resolved', ttlSeconds: 7 });
    expect(IPv6).toMatchObject({ outcome: 'noData', ttlSeconds: 7 });
  });

  it('queries over TCP if the reply does not fit into a datagram', async () => {
    const bench = new ResolverBench();
    const many = Array.from({ length: 300 }, (_, index) => address(`10.1.${index >> 8}.${index & 255}`));
    bench.zone.set('many.example.test', many);
    const { IPv4 } = await bench.resolve('many.example.test');
    expect(IPv4.outcome === 'resolved' && IPv4.answers.length).toBe(300);
    expect(bench.resolver.counters).toMatchObject({ truncated: 1, tcpQueries: 1 });
  });

  it('distinguishes a name that does not exist from one without addresses', async () => {
    const bench = new ResolverBench();
    bench.zone.set('db.example.test', [address('10.0.0.1')]);
    expect((await bench.resolve('nope.example.test')).IPv4).toMatchObject({
      outcome: 'nameNotFound',
      ttlSeconds: 60,
    });
    expect((await bench.resolve('db.example.test')).IPv6).toMatchObject({
      outcome: 'noData',
      ttlSeconds: 60,
    });
  });

  it('combines SRV targets, ports and priorities, and reports the target that failed', async () => {
    const bench = new ResolverBench();
    bench.zone.set('_pg._tcp.example.test', [
      srv('a.example.test', 5432, 0, 10),
      srv('b.example.test', 5433, 0, 0),
      srv('c.example.test', 5432, 5, 0),
      srv('gone.example.test', 5432, 5, 0),
    ]);
    bench.zone.set('a.example.test', [address('10.0.0.1')]);
    bench.zone.set('b.example.test', [address('10.0.0.2')]);
    bench.zone.set('c.example.test', [address('10.0.0.3')]);
    const { IPv4 } = await bench.resolve('_pg._tcp.example.test');
    expect(inShort(IPv4)).toBe('10.0.0.1:5432/0 10.0.0.2:5433/0 drained 10.0.0.3:5432/5');
    expect(IPv4).toMatchObject({
      missing: [{ host: 'gone.example.test', absence: { reason: 'NameNotFound' } }],
    });
  });

  it('queries the next server if one is silent, and starts with it the next time', async () => {
    const bench = new ResolverBench();
    const dead = serverAt('10.0.0.99');
    bench.network.set(dead, silent);
    bench.zone.set('db.example.test', [address('10.0.0.1')]);
    bench.zone.set('other.example.test', [address('10.0.0.2')]);
    const servers = [dead, SERVER];
    expect(inShort((await bench.resolve('db.example.test', { servers })).IPv4)).toBe('10.0.0.1');
    expect(bench.clock.monotonicNow()).toBeGreaterThanOrEqual(3_000);
    const before = bench.clock.monotonicNow();
    expect(inShort((await bench.resolve('other.example.test', { servers })).IPv4)).toBe('10.0.0.2');
    expect(bench.clock.monotonicNow() - before).toBeLessThan(100);
  });

  it.each([
    ['SERVFAIL', 'ServerFailure'],
    ['REFUSED', 'QueryRefused'],
    ['FORMERR', 'ServerFailure'],
  ] as const)('reads %s as %s', async (rcode, reason) => {
    const bench = new ResolverBench();
    bench.network.set(SERVER, answering(rcode));
    expect((await bench.resolve('db.example.test')).IPv4).toMatchObject({ outcome: 'unresolved', reason });
  });

  it('reports how long it waited for a silent server', async () => {
    const bench = new ResolverBench();
    bench.network.set(SERVER, silent);
    expect((await bench.resolve('db.example.test')).IPv4).toEqual({
      outcome: 'unresolved',
      reason: 'QueryTimeout',
      message: 'db.example.test A: 10.0.0.53:53: no reply within 2000ms',
    });
  });

  it('sends one query for many callers, and no more until the TTL is over', async () => {
    const bench = new ResolverBench();
    bench.zone.set('db.example.test', [address('10.0.0.1', 20)]);
    await Promise.all(Array.from({ length: 100 }, () => bench.resolve('db.example.test')));
    expect(bench.network.queries).toHaveLength(2);
    await bench.clock.advance(19_000);
    await bench.resolve('db.example.test');
    expect(bench.network.queries).toHaveLength(2);
    await bench.clock.advance(2_000);
    await bench.resolve('db.example.test');
    // AAAA is known not to exist for 60 s.
    expect(bench.network.queries.slice(2).map(({ type }) => type)).toEqual(['A']);
  });
});
