import { afterEach, describe, expect, it } from 'vitest';
import { parseResolvConf } from '../../../src/dns/resolv-conf.ts';
import { createResolver, DEFAULT_RESOLVER_LIMITS } from '../../../src/dns/stub-resolver.ts';
import { type EmbeddedDnsServer, startDnsServer } from '../../../src/embedded/dns-server.ts';
import { DnsZone } from '../../../src/embedded/dns-zone.ts';
import { createDnsTransport } from '../../../src/io/dns-transport.ts';
import { systemClock } from '../../../src/io/system-clock.ts';
import { systemRandom } from '../../../src/io/system-random.ts';
import { address, cname, DNS_SETTINGS, host, inShort } from '../../support/dns-resolver.ts';

const servers: EmbeddedDnsServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

function newResolver() {
  return createResolver({
    transport: createDnsTransport(),
    clock: systemClock,
    random: systemRandom,
    systemConfig: () => parseResolvConf(''),
    systemHosts: () => new Map(),
    limits: DEFAULT_RESOLVER_LIMITS,
  });
}

async function startServer(where: '127.0.0.1' | '::1' = '127.0.0.1') {
  const zone = new DnsZone('example.test', 60);
  const server = await startDnsServer([zone], where);
  servers.push(server);
  const settings = { ...DNS_SETTINGS, servers: [server.address], timeoutMs: 500 };
  const resolver = newResolver();
  const resolve = (name: string, signal = new AbortController().signal) =>
    resolver.resolve({ kind: 'host', host: host(name) }, settings, signal);
  return { zone, server, resolver, resolve };
}

describe('the resolver over real sockets', () => {
  it.each(['127.0.0.1', '::1'] as const)('asks a server at %s over UDP and TCP', async (where) => {
    const { zone, resolve, resolver } = await startServer(where);
    zone.set('db.example.test', [cname('primary.example.test')]);
    zone.set('primary.example.test', [address('10.0.0.1'), address('fd00::1')]);
    zone.set(
      'many.example.test',
      Array.from({ length: 300 }, (_, index) => address(`10.1.${index >> 8}.${index & 255}`)),
    );
    const found = await resolve('db.example.test');
    expect([inShort(found.IPv4), inShort(found.IPv6)]).toEqual(['10.0.0.1', 'fd00::1']);
    const many = await resolve('many.example.test');
    expect(many.IPv4.outcome === 'resolved' && many.IPv4.answers.length).toBe(300);
    expect(resolver.counters).toMatchObject({ tcpQueries: 1, truncated: 1 });
  });

  it('resolves a thousand names at once', async () => {
    const { zone, resolve } = await startServer();
    const names = Array.from({ length: 1_000 }, (_, index) => `n${index}.example.test`);
    names.forEach((name, index) => {
      zone.set(name, [address(`10.2.${index >> 8}.${index & 255}`)]);
    });
    const found = await Promise.all(names.map((name) => resolve(name)));
    expect(found.map(({ IPv4 }) => inShort(IPv4))).toEqual(
      names.map((_, index) => `10.2.${index >> 8}.${index & 255}`),
    );
  });

  it('fails at once when no process listens', async () => {
    const { server, resolve } = await startServer();
    await servers.splice(0)[0]?.close();
    const { IPv4 } = await resolve('db.example.test');
    expect(IPv4).toMatchObject({ outcome: 'unresolved', reason: 'ServerUnreachable' });
    expect(server.queries).toBe(0);
  });

  it('fails at the timeout, and at once when its signal aborts', async () => {
    const { server, resolve } = await startServer();
    server.outage = 'silent';
    expect((await resolve('db.example.test')).IPv4).toMatchObject({ reason: 'QueryTimeout' });
    const controller = new AbortController();
    const resolving = resolve('other.example.test', controller.signal);
    controller.abort(new Error('enough'));
    await expect(resolving).rejects.toThrow('enough');
  });
});
