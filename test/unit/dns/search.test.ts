import { describe, expect, it } from 'vitest';
import { parseHostsFile } from '../../../src/dns/hosts-file.ts';
import { parseResolvConf } from '../../../src/dns/resolv-conf.ts';
import { DnsZone } from '../../../src/embedded/dns-zone.ts';
import { answering, knowingAll, serverAt, silent } from '../../support/dns-network.ts';
import { address, inShort, ResolverBench, SERVER, srv } from '../../support/dns-resolver.ts';

/** A bench with the system's servers, two search domains and the zones `a.test`, `b.test` and `prod`. */
function systemBench(options = '') {
  const bench = new ResolverBench();
  const [a, b, prod] = [new DnsZone('a.test', 60), new DnsZone('b.test', 60), new DnsZone('prod', 60)];
  bench.network.set(SERVER, knowingAll(a, b, prod));
  bench.system = parseResolvConf(`nameserver 10.0.0.53\nsearch a.test b.test\noptions ${options}`);
  const resolve = (name: string, hosts = false) => bench.resolve(name, { servers: [], hosts });
  return { bench, a, b, prod, resolve };
}

describe('with the system’s servers', () => {
  it('finds a name in the first search domain that has it', async () => {
    const { bench, b, resolve } = systemBench();
    b.set('db.b.test', [address('10.0.0.2')]);
    expect(inShort((await resolve('db')).IPv4)).toBe('10.0.0.2');
    expect(bench.network.queries.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'db.a.test A',
      'db.a.test AAAA',
      'db.b.test A',
      'db.b.test AAAA',
    ]);
  });

  it('takes both families from the same candidate', async () => {
    const { a, b, resolve } = systemBench();
    a.set('db.a.test', [address('fd00::1')]);
    b.set('db.b.test', [address('10.0.0.2')]);
    const { IPv4, IPv6 } = await resolve('db');
    expect([inShort(IPv4), inShort(IPv6)]).toEqual(['NoData', 'fd00::1']);
  });

  it('queries a name with enough dots as written first', async () => {
    const { a, prod, resolve } = systemBench();
    prod.set('db.prod', [address('10.0.0.1')]);
    a.set('db.prod.a.test', [address('10.0.0.9')]);
    expect(inShort((await resolve('db.prod')).IPv4)).toBe('10.0.0.1');
    prod.set('db.prod', []);
    expect(inShort((await systemBench().resolve('db.prod')).IPv4)).toBe('NameNotFound');
  });

  it('does not try the next domain while the result of the previous one is unknown', async () => {
    const { bench, a, b, resolve } = systemBench();
    a.set('db.a.test', [address('10.0.0.1')]);
    b.set('db.b.test', [address('10.0.0.2')]);
    const serve = knowingAll(a, b);
    bench.network.set(SERVER, (query) =>
      query.name === 'db.a.test' ? answering('SERVFAIL')(query) : serve(query),
    );
    const { IPv4, IPv6 } = await resolve('db');
    expect([inShort(IPv4), inShort(IPv6)]).toEqual(['ServerFailure', 'ServerFailure']);
  });

  it('has no result for either family while one failed and the other is empty', async () => {
    const { bench, a, b, resolve } = systemBench('timeout:1 attempts:1');
    a.set('x.db.a.test', [address('10.0.0.1')]);
    b.set('db.b.test', [address('10.0.0.2')]);
    const serve = knowingAll(a, b);
    bench.network.set(SERVER, (query) => (query.type === 'AAAA' ? silent(query) : serve(query)));
    const { IPv4, IPv6 } = await resolve('db');
    expect([inShort(IPv4), inShort(IPv6)]).toEqual(['QueryTimeout', 'QueryTimeout']);
  });

  it('reports NODATA and not NXDOMAIN if one candidate exists', async () => {
    const { a, resolve } = systemBench();
    a.set('x.db.a.test', [address('10.0.0.1')]);
    expect(inShort((await resolve('db')).IPv4)).toBe('NoData');
    expect(inShort((await resolve('nope')).IPv4)).toBe('NameNotFound');
  });

  it('queries the earlier candidates again when the answer expires', async () => {
    const { bench, a, b, resolve } = systemBench();
    b.set('db.b.test', [address('10.0.0.2', 300)]);
    await resolve('db');
    a.set('db.a.test', [address('10.0.0.1', 300)]);
    await bench.clock.advance(301_000);
    expect(inShort((await resolve('db')).IPv4)).toBe('10.0.0.1');
  });

  it('uses the servers of the changed file, and drops earlier answers', async () => {
    const { bench, resolve } = systemBench();
    const other = serverAt('10.0.0.54');
    const c = new DnsZone('c.test', 60);
    c.set('db.c.test', [address('10.0.0.3')]);
    bench.network.set(other, knowingAll(c));
    expect(inShort((await resolve('db')).IPv4)).toBe('NameNotFound');
    bench.system = parseResolvConf('nameserver 10.0.0.54\nsearch c.test');
    expect(inShort((await resolve('db')).IPv4)).toBe('10.0.0.3');
  });

  it('applies timeout, attempts, use-vc and no-aaaa', async () => {
    const { bench, resolve } = systemBench('timeout:1 attempts:2 use-vc no-aaaa');
    bench.network.set(SERVER, silent);
    const before = bench.clock.monotonicNow();
    const { IPv4, IPv6 } = await resolve('db.');
    expect([inShort(IPv4), inShort(IPv6)]).toEqual(['QueryTimeout', 'NoData']);
    expect(bench.clock.monotonicNow() - before).toBeCloseTo(2_000, -2);
    expect(bench.network.queries.map(({ type, overTcp }) => `${type} ${overTcp}`)).toEqual([
      'A true',
      'A true',
    ]);
  });

  it('searches for services too', async () => {
    const { a, resolve } = systemBench();
    a.set('_pg._tcp.a.test', [srv('db.a.test', 5432)]);
    a.set('db.a.test', [address('10.0.0.1')]);
    expect(inShort((await resolve('_pg._tcp')).IPv4)).toBe('10.0.0.1:5432/0');
  });

  it('does not search if the target has servers of its own', async () => {
    const { bench, a } = systemBench();
    a.set('db.a.test', [address('10.0.0.1')]);
    expect(inShort((await bench.resolve('db')).IPv4)).toBe('NameNotFound');
  });
});

describe('the hosts file', () => {
  it('is used only for a target with `dns.hosts`', async () => {
    const { bench, resolve } = systemBench();
    bench.hosts = parseHostsFile('10.0.0.7 db\n10.0.0.6 db');
    const { IPv4, IPv6 } = await resolve('db', true);
    expect([inShort(IPv4), inShort(IPv6)]).toEqual(['10.0.0.6 10.0.0.7', 'NoData']);
    expect(bench.network.queries).toEqual([]);
    expect(inShort((await resolve('db')).IPv4)).toBe('NameNotFound');
  });

  it('gives the addresses of SRV targets too', async () => {
    const { bench, a, resolve } = systemBench();
    bench.hosts = parseHostsFile('10.0.0.7 db.a.test');
    a.set('_pg._tcp.a.test', [srv('db.a.test', 5432)]);
    expect(inShort((await resolve('_pg._tcp', true)).IPv4)).toBe('10.0.0.7:5432/0');
  });
});
