import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NameWatcher, watchKey } from '../../../src/dns/name-watcher.ts';
import type { NameResolution } from '../../../src/dns/resolution.ts';
import { systemClock } from '../../../src/io/system-clock.ts';
import { systemRandom } from '../../../src/io/system-random.ts';
import type { DnsSettings } from '../../../src/model/target.ts';
import { serverAt } from '../../support/dns-network.ts';
import {
  KnotServer,
  type Recursor,
  realResolver,
  startDnsmasq,
  startUnbound,
} from '../../support/dns-peers.ts';
import { DNS_SETTINGS, host, inShort } from '../../support/dns-resolver.ts';
import { missing } from '../../support/real-peer.ts';
import { waitFor } from '../../support/wait-for.ts';

const ZONE = 'corp.example';
const OTHER_ZONE = 'other.example';

const MANY = Array.from({ length: 300 }, (_, index) => `many 60 A 10.1.${index >> 8}.${index & 255}`);

const RECORDS = [
  'db 60 A 10.0.0.1',
  'db 60 AAAA fd00::1',
  'only6 60 AAAA fd00::6',
  'alias 60 CNAME db',
  `abroad 60 CNAME db.${OTHER_ZONE}.`,
  'loop 60 CNAME loop2',
  'loop2 60 CNAME loop',
  '_pg._tcp 60 SRV 0 10 5432 db',
  '_pg._tcp 60 SRV 0 0 5433 only6',
  `_pg._tcp 60 SRV 5 0 5432 db.${OTHER_ZONE}.`,
  '_none._tcp 60 SRV 0 0 0 .',
  ...MANY,
];

function settingsFor(port: number): DnsSettings {
  return {
    ...DNS_SETTINGS,
    servers: [serverAt('127.0.0.1', port)],
    minTtlMs: 100,
    timeoutMs: 2_000,
    attempts: 2,
  };
}

function resolverAt(port: number) {
  const resolver = realResolver();
  const settings = settingsFor(port);
  const resolve = (name: string): Promise<NameResolution> => {
    const source = name.startsWith('_')
      ? ({ kind: 'srv', srv: host(name) } as const)
      : ({ kind: 'host', host: host(name) } as const);
    return resolver.resolve(source, settings, AbortSignal.timeout(20_000));
  };
  return { resolver, settings, resolve };
}

const PROGRAMS = ['knotd', 'knotc', 'unbound', 'dnsmasq'];

describe.skipIf(missing(PROGRAMS))('the resolver with real servers', () => {
  let knot: KnotServer;
  let unbound: Recursor;
  let dnsmasq: Recursor;

  beforeAll(async () => {
    knot = await KnotServer.start(ZONE, OTHER_ZONE);
    knot.publish(ZONE, ...RECORDS);
    knot.publish(OTHER_ZONE, 'db 30 A 10.9.0.1');
    // lame.example is delegated to a server that does not serve it.
    const authorities = { [ZONE]: knot.port, [OTHER_ZONE]: knot.port, 'lame.example': knot.port };
    unbound = await startUnbound(authorities);
    dnsmasq = await startDnsmasq(unbound.port);
  });

  afterAll(async () => {
    await Promise.all([knot, unbound, dnsmasq].map((peer) => peer[Symbol.asyncDispose]()));
  });

  describe.each([
    ['Knot as authority', () => knot.port],
    ['unbound as recursor', () => unbound.port],
    ['dnsmasq as forwarder', () => dnsmasq.port],
  ])('%s', (_, port) => {
    it.each([
      ['db.corp.example', '10.0.0.1', 'fd00::1'],
      ['only6.corp.example', 'NoData', 'fd00::6'],
      ['alias.corp.example', '10.0.0.1', 'fd00::1'],
      ['abroad.corp.example', '10.9.0.1', 'NoData'],
      ['nope.corp.example', 'NameNotFound', 'NameNotFound'],
      ['_none._tcp.corp.example', 'NoData', 'NoData'],
    ])('resolves %s', async (name, ipv4, ipv6) => {
      const { resolve, resolver } = resolverAt(port());
      const { IPv4, IPv6 } = await resolve(name);
      expect([inShort(IPv4), inShort(IPv6)]).toEqual([ipv4, ipv6]);
      expect(resolver.counters).toMatchObject({ strays: 0, malformed: 0, caseChanged: 0, withoutEdns: 0 });
    });

    it('combines SRV targets of two zones', async () => {
      const { IPv4, IPv6 } = await resolverAt(port()).resolve('_pg._tcp.corp.example');
      expect(inShort(IPv4)).toBe('10.0.0.1:5432/0 10.9.0.1:5432/5');
      expect(inShort(IPv6)).toBe('fd00::1:5432/0 fd00::6:5433/0 drained');
    });

    it('reads an answer of 300 addresses over TCP', async () => {
      const { resolve, resolver } = resolverAt(port());
      const { IPv4 } = await resolve('many.corp.example');
      expect(IPv4.outcome === 'resolved' && new Set(IPv4.answers.map(({ address }) => address)).size).toBe(
        300,
      );
      expect(resolver.counters).toMatchObject({ truncated: 1, tcpQueries: 1 });
    });

    it('fails on a loop of aliases', async () => {
      const { IPv4 } = await resolverAt(port()).resolve('loop.corp.example');
      expect(IPv4.outcome).toBe('unresolved');
    });
  });

  it('reports SERVFAIL of a recursor and REFUSED of an authority for a zone without a server', async () => {
    expect((await resolverAt(unbound.port).resolve('db.lame.example')).IPv4).toMatchObject({
      reason: 'ServerFailure',
    });
    expect((await resolverAt(knot.port).resolve('db.lame.example')).IPv4).toMatchObject({
      reason: 'QueryRefused',
    });
  });

  it.each([
    ['Knot', () => knot.port],
    ['unbound', () => unbound.port],
  ])('follows an edit of the zone when the TTL expires, at %s', async (_, port) => {
    const { resolver, settings } = resolverAt(port());
    const name = { source: { kind: 'host', host: host('moves.corp.example') } as const, settings };
    const heard: string[] = [];
    const watcher = new NameWatcher({
      resolver,
      clock: systemClock,
      random: systemRandom,
      // The families expire each at its own time, so that one edit may be news twice.
      onAnswer: (_key, { resolution }) => {
        const addresses = inShort(resolution.IPv4);
        if (heard.at(-1) !== addresses) heard.push(addresses);
      },
    });
    const toHear = (addresses: string) =>
      waitFor(`the answer ${addresses}`, () => heard.at(-1) === addresses);
    knot.publish(ZONE, ...RECORDS, 'moves 1 A 10.0.0.7');
    const controller = new AbortController();
    watcher.watch([name]);
    const running = watcher.run(controller.signal);
    await toHear('10.0.0.7');
    knot.publish(ZONE, ...RECORDS, 'moves 1 A 10.0.0.8', 'moves 1 A 10.0.0.9');
    await toHear('10.0.0.8 10.0.0.9');
    knot.publish(ZONE, ...RECORDS);
    await toHear('NameNotFound');
    controller.abort();
    await running;
    expect(watcher.latest(watchKey(name))).toBeUndefined();
    expect(heard).toEqual(['10.0.0.7', '10.0.0.8 10.0.0.9', 'NameNotFound']);
  });

  it('reports a stopped server as unreachable, and uses it again when it is back', async () => {
    const { resolve } = resolverAt(knot.port);
    knot.publish(ZONE, ...RECORDS, 'short 1 A 10.0.0.5');
    expect(inShort((await resolve('short.corp.example')).IPv4)).toBe('10.0.0.5');
    await knot.stop();
    await waitFor(
      'the server to be missed',
      async () => inShort((await resolve('short.corp.example')).IPv4) === 'ServerUnreachable',
    );
    await knot.restart();
    await waitFor(
      'the server to be found',
      async () => inShort((await resolve('short.corp.example')).IPv4) === '10.0.0.5',
    );
  });
});
