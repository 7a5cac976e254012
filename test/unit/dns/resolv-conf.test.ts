import { describe, expect, it } from 'vitest';
import { parseHostsFile } from '../../../src/dns/hosts-file.ts';
import { parseResolvConf } from '../../../src/dns/resolv-conf.ts';
import { searchCandidates } from '../../../src/dns/search.ts';
import { host } from '../../support/dns-resolver.ts';

describe('parseResolvConf', () => {
  it('reads a file as Kubernetes writes it', () => {
    const text = [
      'search shop.svc.cluster.local svc.cluster.local cluster.local',
      'nameserver 10.96.0.10',
      'options ndots:5',
    ].join('\n');
    expect(parseResolvConf(text)).toEqual({
      servers: [{ address: '10.96.0.10', port: 53 }],
      search: ['shop.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
      ndots: 5,
      timeoutMs: undefined,
      rounds: undefined,
      rotate: false,
      useTcp: false,
      noAaaa: false,
    });
  });

  it('reads options, comments, IPv6 servers and ports', () => {
    const text = [
      '# written by hand',
      'nameserver 10.0.0.1 # the first',
      '; and',
      '\tnameserver   FD00::53',
      'nameserver [fd00::54]:5353',
      'options timeout:3 rotate',
      'options attempts:4 use-vc no-aaaa edns0 single-request',
    ].join('\r\n');
    expect(parseResolvConf(text)).toMatchObject({
      servers: [
        { address: '10.0.0.1', port: 53 },
        { address: 'fd00::53', port: 53 },
        { address: 'fd00::54', port: 5353 },
      ],
      timeoutMs: 3_000,
      rounds: 4,
      rotate: true,
      useTcp: true,
      noAaaa: true,
    });
  });

  it('uses the last of `search` and `domain`', () => {
    expect(parseResolvConf('search a.test b.test\ndomain c.test').search).toEqual(['c.test']);
    expect(parseResolvConf('domain c.test\nsearch a.test. b.test').search).toEqual(['a.test', 'b.test']);
    expect(parseResolvConf('search .').search).toEqual([]);
  });

  it('applies the limits of glibc, and ignores invalid values', () => {
    const text = 'nameserver db.example\nnameserver 1.2.3\noptions ndots:99 timeout:999 attempts:99 ndots';
    expect(parseResolvConf(text)).toMatchObject({
      servers: [{ address: '127.0.0.1', port: 53 }],
      timeoutMs: 30_000,
      rounds: 5,
      ndots: 1,
    });
    expect(parseResolvConf('options ndots:99')).toMatchObject({ ndots: 15 });
    expect(parseResolvConf('options timeout:0')).toMatchObject({ timeoutMs: 1_000 });
    expect(parseResolvConf('nameserver 10.0.0.1\n'.repeat(100)).servers).toHaveLength(8);
  });
});

describe('searchCandidates', () => {
  const domains = [host('a.test'), host('b.test')];

  it.each([
    ['db', 1, ['db.a.test', 'db.b.test', 'db']],
    ['db.prod', 1, ['db.prod', 'db.prod.a.test', 'db.prod.b.test']],
    ['db.prod', 5, ['db.prod.a.test', 'db.prod.b.test', 'db.prod']],
    ['db.prod.', 5, ['db.prod.']],
  ])('tries %s with ndots:%i as %j', (name, ndots, expected) => {
    expect(searchCandidates(host(name), domains, ndots)).toEqual(expected);
  });

  it('leaves out names that are too long with a domain', () => {
    const long = host(`${'x.'.repeat(123)}long`);
    expect(searchCandidates(long, domains, 1)).toEqual([long]);
  });
});

describe('parseHostsFile', () => {
  it('reads addresses and names, and skips invalid lines', () => {
    const table = parseHostsFile(
      [
        '127.0.0.1 localhost',
        '10.0.0.1\tDB.example db # the database',
        '10.0.0.2 db',
        'fd00::1 db',
        'x y',
        '10.0.0.1 db',
      ].join('\n'),
    );
    expect(Object.fromEntries(table)).toEqual({
      localhost: ['127.0.0.1'],
      'db.example': ['10.0.0.1'],
      db: ['10.0.0.1', '10.0.0.2', 'fd00::1'],
    });
  });
});
