import { describe, expect, it } from 'vitest';
import { parseResolvConf } from '../../../src/dns/resolv-conf.ts';
import { DnsZone } from '../../../src/embedded/dns-zone.ts';
import { answering, serverAt, servingZones, silent } from '../../support/dns-network.ts';
import { address, cname, ResolverBench, SERVER } from '../../support/dns-resolver.ts';

const SECOND_SERVER = serverAt('10.0.0.54');
const THIRD_SERVER = serverAt('fd00::55', 5353);

/** A bench with three servers that all serve the same zone with a name for every occasion. */
function threeServers() {
  const bench = new ResolverBench();
  for (let index = 0; index < 20; index += 1) {
    bench.zone.set(`n${index}.example.test`, [address(`10.0.0.${index}`), address(`fd00::${index + 1}`)]);
  }
  const servers = [SERVER, SECOND_SERVER, THIRD_SERVER];
  for (const server of servers) bench.network.set(server, servingZones(bench.zone));
  let asked = 0;
  /** Resolves a new name, and returns the servers that were queried for its IPv4 address. */
  const whoIsAsked = async (): Promise<string> => {
    const before = bench.network.queries.length;
    await bench.resolve(`n${asked++}.example.test`, { servers });
    const queries = bench.network.queries.slice(before).filter(({ type }) => type === 'A');
    return queries.map(({ server }) => server.split(' ')[0]).join(' ');
  };
  return { bench, servers, whoIsAsked };
}

describe('several servers', () => {
  it('are queried in their order, the next one after a failure', async () => {
    const { bench, whoIsAsked } = threeServers();
    expect(await whoIsAsked()).toBe('10.0.0.53');
    bench.network.set(SERVER, answering('SERVFAIL'));
    bench.network.set(SECOND_SERVER, answering('REFUSED'));
    expect(await whoIsAsked()).toBe('10.0.0.53 10.0.0.54 fd00::55');
  });

  it('that are silent are skipped until their penalty ends, and then tried by one query', async () => {
    const { bench, whoIsAsked } = threeServers();
    bench.network.set(SERVER, silent);
    expect(await whoIsAsked()).toBe('10.0.0.53 10.0.0.54');
    expect(await whoIsAsked()).toBe('10.0.0.54');
    await bench.clock.advance(2_000);
    expect(await Promise.all([whoIsAsked(), whoIsAsked()])).toEqual([
      '10.0.0.53 10.0.0.54 10.0.0.54',
      expect.anything(),
    ]);
    bench.network.set(SERVER, servingZones(bench.zone));
    await bench.clock.advance(30_000);
    expect(await whoIsAsked()).toBe('10.0.0.53');
    expect(await whoIsAsked()).toBe('10.0.0.53');
  });

  it('that are all silent are all queried', async () => {
    const { bench, servers, whoIsAsked } = threeServers();
    for (const server of servers) bench.network.set(server, silent);
    expect(await whoIsAsked()).toBe('10.0.0.53 10.0.0.54 fd00::55');
    expect((await whoIsAsked()).split(' ').toSorted()).toEqual(['10.0.0.53', '10.0.0.54', 'fd00::55']);
  });

  it('take turns with `options rotate`', async () => {
    const { bench } = threeServers();
    bench.system = parseResolvConf('nameserver 10.0.0.53\nnameserver 10.0.0.54\noptions rotate no-aaaa');
    for (let index = 0; index < 4; index += 1) await bench.resolve(`n${index}.example.test`, { servers: [] });
    expect(bench.network.queries.map(({ server }) => server)).toEqual([
      '10.0.0.53 53',
      '10.0.0.54 53',
      '10.0.0.53 53',
      '10.0.0.54 53',
    ]);
  });

  it('get no more tries in all than `attempts`', async () => {
    const { bench, servers } = threeServers();
    for (const server of servers) bench.network.set(server, answering('SERVFAIL'));
    await bench.resolve('n0.example.test', { servers, attempts: 5 });
    expect(bench.network.queries.filter(({ type }) => type === 'A')).toHaveLength(5);
  });

  it('that are missing leave every query without an answer', async () => {
    const { bench } = threeServers();
    bench.system = { ...parseResolvConf(''), servers: [] };
    const { IPv4 } = await bench.resolve('n0.example.test', { servers: [] });
    expect(IPv4).toMatchObject({ outcome: 'unresolved', reason: 'NoServers' });
    await bench.clock.advance(60_000);
    await bench.resolve('n0.example.test', { servers: [] });
    expect(bench.resolver.counters).toMatchObject({ queries: 0, shared: 0, cacheHits: 0 });
  });

  it('that refuse are not queried again', async () => {
    const { bench, servers } = threeServers();
    for (const server of servers) bench.network.set(server, answering('REFUSED'));
    const { IPv4 } = await bench.resolve('n0.example.test', { servers, attempts: 9 });
    expect(bench.network.queries.filter(({ type }) => type === 'A')).toHaveLength(3);
    expect(IPv4).toMatchObject({ reason: 'QueryRefused' });
  });

  it('that fail in different ways are all named, with the reason that says most', async () => {
    const { bench, servers } = threeServers();
    bench.network.set(SERVER, silent);
    bench.network.set(SECOND_SERVER, answering('SERVFAIL'));
    bench.network.set(THIRD_SERVER, () => ({ outcome: 'unreachable', code: 'ENETUNREACH' }));
    expect((await bench.resolve('n0.example.test', { servers })).IPv4).toEqual({
      outcome: 'unresolved',
      reason: 'ServerFailure',
      message:
        'n0.example.test A: 10.0.0.53:53: no reply within 2000ms; 10.0.0.54:53: answers SERVFAIL; [fd00::55]:5353: there is no route to it (ENETUNREACH)',
    });
  });
});

describe('each family', () => {
  it.each([
    ['A', 'AAAA', 'IPv4', 'IPv6'],
    ['AAAA', 'A', 'IPv6', 'IPv4'],
  ] as const)('has an outcome of its own: %s good while %s fails', async (_, bad, goodFamily, badFamily) => {
    const { bench } = threeServers();
    const serve = servingZones(bench.zone);
    bench.network.set(SERVER, (query) => (query.type === bad ? answering('SERVFAIL')(query) : serve(query)));
    const resolution = await bench.resolve('n1.example.test');
    expect(resolution[goodFamily].outcome).toBe('resolved');
    expect(resolution[badFamily]).toMatchObject({ outcome: 'unresolved', reason: 'ServerFailure' });
  });
});

describe('a CNAME chain', () => {
  /** A server with two zones whose replies end at the end of their zone. */
  function twoZones() {
    const bench = new ResolverBench();
    const elsewhere = new DnsZone('elsewhere.test', 60);
    bench.network.set(SERVER, servingZones(bench.zone, elsewhere));
    return { bench, elsewhere };
  }

  it('into another zone is followed to its end, with the smallest TTL', async () => {
    const { bench, elsewhere } = twoZones();
    bench.zone.set('db.example.test', [cname('db.elsewhere.test', 30)]);
    elsewhere.set('db.elsewhere.test', [cname('primary.elsewhere.test', 40)]);
    elsewhere.set('primary.elsewhere.test', [address('10.0.0.1', 50)]);
    const { IPv4, IPv6 } = await bench.resolve('db.example.test');
    expect(IPv4).toMatchObject({ answers: [{ address: '10.0.0.1' }], ttlSeconds: 30 });
    expect(IPv6).toMatchObject({ reason: 'NoData', message: 'db.elsewhere.test has no AAAA record' });
  });

  it('to a name that does not exist gives NXDOMAIN for the queried name', async () => {
    const { bench } = twoZones();
    bench.zone.set('db.example.test', [cname('gone.elsewhere.test', 30)]);
    const { IPv4 } = await bench.resolve('db.example.test');
    expect(IPv4).toMatchObject({ reason: 'NameNotFound', message: 'gone.elsewhere.test does not exist' });
  });

  it.each([['within one reply'], ['over several replies']])('with a loop %s is too long', async (where) => {
    const { bench, elsewhere } = twoZones();
    const other = where === 'within one reply' ? 'b.example.test' : 'b.elsewhere.test';
    bench.zone.set('a.example.test', [cname(other)]);
    (other === 'b.example.test' ? bench.zone : elsewhere).set(other, [cname('a.example.test')]);
    const { IPv4 } = await bench.resolve('a.example.test');
    expect(IPv4).toMatchObject({ outcome: 'unresolved', reason: 'ChainTooLong' });
  });

  it.each([
    [16, 'resolved'],
    [17, 'unresolved'],
  ])('of %i aliases is %s', async (length, outcome) => {
    const { bench, elsewhere } = twoZones();
    const name = (index: number) => `n${index}.${index % 2 === 0 ? 'example' : 'elsewhere'}.test`;
    for (let index = 0; index < length; index += 1) {
      (index % 2 === 0 ? bench.zone : elsewhere).set(name(index), [cname(name(index + 1))]);
    }
    (length % 2 === 0 ? bench.zone : elsewhere).set(name(length), [address('10.0.0.1')]);
    expect((await bench.resolve(name(0))).IPv4.outcome).toBe(outcome);
  });
});
