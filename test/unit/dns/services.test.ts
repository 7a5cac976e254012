import { describe, expect, it } from 'vitest';
import { encodeReply } from '../../../src/embedded/dns-wire.ts';
import { DnsZone, type ZoneRecord } from '../../../src/embedded/dns-zone.ts';
import { answering, servingZones } from '../../support/dns-network.ts';
import { address, cname, host, inShort, ResolverBench, SERVER, srv } from '../../support/dns-resolver.ts';

const SERVICE = '_pg._tcp.example.test';

function asked(bench: ResolverBench): string[] {
  return bench.network.queries.map(({ name, type }) => `${name} ${type}`);
}

describe('a service', () => {
  it('takes addresses from the additional section, and queries the missing ones', async () => {
    const bench = new ResolverBench();
    bench.zone.set(SERVICE, [srv('a.example.test', 5432)]);
    bench.zone.set('a.example.test', [address('10.0.0.1')]);
    const { IPv4, IPv6 } = await bench.resolve(SERVICE);
    expect([inShort(IPv4), inShort(IPv6)]).toEqual(['10.0.0.1:5432/0', 'NoData']);
    expect(asked(bench)).toEqual([`${SERVICE} SRV`, 'a.example.test AAAA']);
  });

  it('uses the additional section for its TTL and its own service only', async () => {
    const bench = new ResolverBench();
    bench.zone.set(SERVICE, [srv('a.example.test', 5432, 0, 1, 60)]);
    bench.zone.set('a.example.test', [address('10.0.0.1', 10)]);
    await bench.resolve(SERVICE);
    await bench.resolve('a.example.test');
    expect(asked(bench).slice(2)).toEqual(['a.example.test A']);
    await bench.clock.advance(11_000);
    await bench.resolve(SERVICE);
    expect(asked(bench).slice(3)).toEqual(['a.example.test A']);
  });

  it('ignores the additional section for other domains', async () => {
    const bench = new ResolverBench();
    const other = new DnsZone('other.test', 60);
    other.set('a.other.test', [address('10.0.0.1')]);
    const serve = servingZones(other);
    bench.network.set(SERVER, (query) => {
      if (query.type !== 'SRV') return serve(query);
      const answers = [{ owner: SERVICE, record: srv('a.other.test', 5432) }];
      const additionals = [{ owner: 'a.other.test', record: address('6.6.6.6') }];
      return { datagrams: [encodeReply(query, 'NOERROR', { answers, authorities: [], additionals }, 1232)] };
    });
    expect(inShort((await bench.resolve(SERVICE)).IPv4)).toBe('10.0.0.1:5432/0');
  });

  it.each<[string, ZoneRecord[], string]>([
    [
      'drains weight 0 beside heavier records of its priority',
      [srv('a.example.test', 1, 0, 5), srv('b.example.test', 2, 0, 0), srv('c.example.test', 3, 9, 0)],
      '10.0.0.1:1/0 10.0.0.2:2/0 drained 10.0.0.3:3/9',
    ],
    [
      'drains nobody when all weigh nothing',
      [srv('a.example.test', 1, 0, 0), srv('b.example.test', 2, 0, 0)],
      '10.0.0.1:1/0 10.0.0.2:2/0',
    ],
    ['passes over port 0', [srv('a.example.test', 0), srv('b.example.test', 2)], '10.0.0.2:2/0'],
    [
      'keeps the better of two records for one target and port',
      [srv('a.example.test', 1, 7), srv('a.example.test', 1, 3)],
      '10.0.0.1:1/3',
    ],
    [
      'keeps two ports of one target',
      [srv('a.example.test', 1), srv('a.example.test', 2)],
      '10.0.0.1:1/0 10.0.0.1:2/0',
    ],
    ['follows a target that is an alias', [srv('alias.example.test', 1)], '10.0.0.1:1/0'],
  ])('%s', async (_, records, expected) => {
    const bench = new ResolverBench();
    bench.zone.set(SERVICE, records);
    bench.zone.set('a.example.test', [address('10.0.0.1')]);
    bench.zone.set('b.example.test', [address('10.0.0.2')]);
    bench.zone.set('c.example.test', [address('10.0.0.3')]);
    bench.zone.set('alias.example.test', [cname('a.example.test')]);
    expect(inShort((await bench.resolve(SERVICE)).IPv4)).toBe(expected);
  });

  it('is not offered when its target is the root', async () => {
    const bench = new ResolverBench();
    const nowhere: ZoneRecord = {
      ...srv('a.example.test', 0),
      type: 'SRV',
      priority: 0,
      weight: 0,
      port: 0,
      target: '' as never,
    };
    bench.zone.set(SERVICE, [nowhere]);
    expect((await bench.resolve(SERVICE)).IPv4).toMatchObject({ outcome: 'noData', ttlSeconds: 60 });
  });

  it('has no result while one target failed and no other has an address', async () => {
    const bench = new ResolverBench();
    bench.zone.set(SERVICE, [srv('gone.example.test', 1), srv('lame.example.test', 1)]);
    const serve = servingZones(bench.zone);
    bench.network.set(SERVER, (query) =>
      query.name === 'lame.example.test' ? answering('SERVFAIL')(query) : serve(query),
    );
    expect((await bench.resolve(SERVICE)).IPv4).toMatchObject({ reason: 'ServerFailure' });
  });

  it('keeps the addresses of the other targets if one failed, and reports it', async () => {
    const bench = new ResolverBench();
    bench.zone.set(SERVICE, [srv('a.example.test', 1), srv('lame.example.test', 1)]);
    bench.zone.set('a.example.test', [address('10.0.0.1')]);
    const serve = servingZones(bench.zone);
    bench.network.set(SERVER, (query) =>
      query.name === 'lame.example.test' ? answering('SERVFAIL')(query) : serve(query),
    );
    expect((await bench.resolve(SERVICE)).IPv4).toMatchObject({
      answers: [{ address: '10.0.0.1', host: host('a.example.test') }],
      missing: [{ host: 'lame.example.test', absence: { outcome: 'unresolved', reason: 'ServerFailure' } }],
    });
  });

  it('keeps a thousand addresses of the best priorities, and reports the cut', async () => {
    const bench = new ResolverBench();
    bench.zone.set(SERVICE, [srv('standby.example.test', 1, 5), srv('main.example.test', 1, 0)]);
    const many = (net: number) =>
      Array.from({ length: 600 }, (_, index) => address(`10.${net}.${index >> 8}.${index & 255}`));
    bench.zone.set('standby.example.test', many(1));
    bench.zone.set('main.example.test', many(2));
    const { IPv4 } = await bench.resolve(SERVICE);
    if (IPv4.outcome !== 'resolved') throw new Error(IPv4.reason);
    expect(IPv4).toMatchObject({ cutFrom: 1_200 });
    expect(IPv4.answers.filter(({ priority }) => priority === 0)).toHaveLength(600);
    expect(IPv4.answers.filter(({ priority }) => priority === 5)).toHaveLength(400);
  });
});
