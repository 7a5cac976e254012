import { createSocket } from 'node:dgram';
import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NameResolution } from '../../../src/dns/resolution.ts';
import type { CountingResolver } from '../../../src/dns/stub-resolver.ts';
import { a, FLAGS, nameOf, type RawRecord, rawReply, uint16 } from '../../support/dns-bytes.ts';
import { realResolver } from '../../support/dns-peers.ts';
import { DNS_SETTINGS, host, inShort } from '../../support/dns-resolver.ts';
import { HostileDnsServer } from '../../support/hostile-dns.ts';
import { waitFor } from '../../support/wait-for.ts';

let server: HostileDnsServer;
let resolver: CountingResolver;

beforeEach(async () => {
  server = await HostileDnsServer.start();
  resolver = realResolver();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

function resolve(name = 'db.example.test', timeoutMs = 2_000, attempts = 1): Promise<NameResolution> {
  const settings = { ...DNS_SETTINGS, servers: [server.address], timeoutMs, attempts, minTtlMs: 100 };
  return resolver.resolve({ kind: 'host', host: host(name) }, settings, AbortSignal.timeout(20_000));
}

const idOf = (query: Buffer) => query.readUInt16BE(0);

/** The question of a query as it was sent. */
function asked(query: Buffer): Buffer {
  return query.subarray(12, query.indexOf(0, 12) + 5);
}

function answer(query: Buffer, ...answers: RawRecord[]): Buffer {
  return rawReply({ id: idOf(query), question: asked(query), answers });
}

function truncated(query: Buffer): Buffer {
  return rawReply({ id: idOf(query), question: asked(query), flags: FLAGS.reply | FLAGS.truncated });
}

function framed(message: Uint8Array): Buffer {
  return Buffer.concat([uint16(message.length), message]);
}

describe('the resolver over UDP', () => {
  it('uses a random id and case for each query, and a new port for a query that is alone', async () => {
    server.onUdp = ({ query, send }) => send(answer(query, a('10.0.0.1')));
    for (let index = 0; index < 40; index += 1) await resolve(`name-number-${index}.example.test`);
    const { received } = server;
    const ids = new Set(received.map(({ query }) => idOf(query)));
    const ports = new Set(received.map(({ port }) => port));
    const cases = new Set(received.map(({ query }) => query.toString('latin1', 12, 24)));
    expect(received).toHaveLength(80);
    expect(ids.size).toBeGreaterThan(75);
    // A and AAAA of a name leave together.
    expect(ports.size).toBeGreaterThan(35);
    expect(cases.size).toBeGreaterThan(60);
    const distances = [...ports].slice(1).map((port, index) => port - ([...ports][index] ?? 0));
    expect(new Set(distances).size).toBeGreaterThan(20);
  });

  it('sends at most 32 queries from one port', async () => {
    server.onUdp = ({ query, send }) => send(answer(query, a('10.0.0.1')));
    await Promise.all(Array.from({ length: 200 }, (_, index) => resolve(`n${index}.example.test`)));
    const queriesByPort = Map.groupBy(server.received, ({ port }) => port);
    expect(server.received).toHaveLength(400);
    expect(Math.max(...[...queriesByPort.values()].map((queries) => queries.length))).toBeLessThanOrEqual(32);
  });

  it('sends no query from an old port, though earlier queries still wait there', async () => {
    server.onUdp = ({ query, before, send }) => {
      if (before >= 2) send(answer(query, a('10.0.0.1')));
    };
    const waiting = resolve('slow.example.test', 1_000);
    await waitFor('the first queries to arrive', () => server.received.length === 2);
    const arrivedAtMs = performance.now();
    await waitFor('the age of the port', () => performance.now() - arrivedAtMs > 100);
    await resolve('late.example.test');
    const [first, , third] = server.received;
    expect(third?.port).not.toBe(first?.port);
    expect(inShort((await waiting).IPv4)).toBe('QueryTimeout');
  });

  it('ignores a reply from another port than the server’s', async () => {
    const other = createSocket('udp4');
    server.onUdp = ({ query, from, send }) => {
      other.send(answer(query, a('6.6.6.6')), from.port, from.address, () =>
        send(answer(query, a('10.0.0.1'))),
      );
    };
    expect(inShort((await resolve()).IPv4)).toBe('10.0.0.1');
    expect(resolver.counters.strays).toBe(0);
    other.close();
  });

  it.each<[string, (query: Buffer) => Buffer]>([
    [
      'another id',
      (query) => rawReply({ id: idOf(query) ^ 0x8000, question: asked(query), answers: [a('6.6.6.6')] }),
    ],
    [
      'another name',
      (query) =>
        rawReply({
          id: idOf(query),
          question: Buffer.concat([nameOf('xx.example.test'), uint16(1, 1)]),
          answers: [a('6.6.6.6')],
        }),
    ],
    [
      'another type',
      (query) =>
        rawReply({
          id: idOf(query),
          question: Buffer.concat([asked(query).subarray(0, -4), uint16(16, 1)]),
          answers: [a('6.6.6.6')],
        }),
    ],
    [
      'another class',
      (query) =>
        rawReply({
          id: idOf(query),
          question: Buffer.concat([asked(query).subarray(0, -2), uint16(3)]),
          answers: [a('6.6.6.6')],
        }),
    ],
    [
      'no question',
      (query) => rawReply({ id: idOf(query), answers: [a('6.6.6.6', nameOf('db.example.test'))] }),
    ],
    ['the query itself', (query) => query],
    ['a header and no more', (query) => answer(query).subarray(0, 12)],
    ['nothing', () => Buffer.alloc(0)],
  ])('ignores a reply with %s, and takes the right reply after it', async (_, wrong) => {
    server.onUdp = ({ query, send }) => {
      send(wrong(query));
      send(answer(query, a('10.0.0.1')));
    };
    expect(inShort((await resolve()).IPv4)).toBe('10.0.0.1');
    expect(resolver.counters.strays).toBeGreaterThanOrEqual(1);
  });

  it('ignores a late reply to an earlier try', async () => {
    let late: (() => void) | undefined;
    server.onUdp = ({ query, before, send }) => {
      if (before < 2) {
        const previous = late;
        late = () => {
          previous?.();
          send(answer(query, a('6.6.6.6')));
        };
        return;
      }
      late?.();
      send(answer(query, a('10.0.0.1')));
    };
    expect(inShort((await resolve('db.example.test', 500, 2)).IPv4)).toBe('10.0.0.1');
    expect(resolver.counters.timeouts).toBeGreaterThanOrEqual(1);
  });

  it('asks over TCP during a flood of forged replies, at little cost', async () => {
    server.onUdp = ({ query, send }) => {
      for (let guess = 0; guess < 5_000; guess += 1) {
        send(
          rawReply({
            id: guess,
            question: Buffer.concat([nameOf('xx.example.test'), uint16(1, 1)]),
            answers: [a('6.6.6.6')],
          }),
        );
      }
      send(answer(query, a('10.0.0.1')));
    };
    server.onTcp = (socket, query) => socket.end(framed(answer(query, a('10.0.0.1'))));
    const { IPv4 } = await resolve('db.example.test', 5_000);
    expect(inShort(IPv4)).toBe('10.0.0.1');
    expect(resolver.counters.strays).toBeLessThanOrEqual(200);
  });

  it('asks a server that changes the case over TCP once, and in lower case after that', async () => {
    const folded = (query: Buffer) =>
      rawReply({
        id: idOf(query),
        question: Buffer.from(asked(query).toString('latin1').toLowerCase(), 'latin1'),
        answers: [a('10.0.0.1')],
      });
    server.onUdp = ({ query, send }) => send(folded(query));
    server.onTcp = (socket, query) => socket.end(framed(folded(query)));
    expect(inShort((await resolve('one.example.test')).IPv4)).toBe('10.0.0.1');
    const { tcpQueries } = resolver.counters;
    expect(tcpQueries).toBeGreaterThan(0);
    expect(inShort((await resolve('two.example.test')).IPv4)).toBe('10.0.0.1');
    expect(resolver.counters.tcpQueries).toBe(tcpQueries);
    expect(server.received.at(-1)?.query.includes(nameOf('two.example.test'))).toBe(true);
  });

  it('asks an old server without EDNS after it answered FORMERR', async () => {
    server.onUdp = ({ query, send }) =>
      send(
        query.readUInt16BE(10) > 0
          ? rawReply({ id: idOf(query), flags: 0x8001 })
          : answer(query, a('10.0.0.1')),
      );
    expect(inShort((await resolve()).IPv4)).toBe('10.0.0.1');
    expect(resolver.counters.withoutEdns).toBeGreaterThanOrEqual(1);
  });
});

describe('the resolver over TCP', () => {
  beforeEach(() => {
    server.onUdp = ({ query, send }) => send(truncated(query));
  });

  /** A reply of exactly so many bytes. */
  function replyOf(bytes: number, query: Buffer): Buffer {
    const bare = answer(query, a('10.0.0.1'));
    const padding = {
      owner: Buffer.of(0),
      type: 16,
      data: Buffer.alloc(Math.max(0, bytes - bare.length - 11)),
    };
    return answer(query, a('10.0.0.1'), padding);
  }

  it.each<[string, (socket: Socket, query: Buffer) => void, string]>([
    ['a reply of 16 KiB is read', (socket, query) => socket.end(framed(replyOf(16_384, query))), '10.0.0.1'],
    ['a longer one is not', (socket, query) => socket.end(framed(replyOf(16_385, query))), 'TruncatedAnswer'],
    [
      'a reply that comes octet by octet is read',
      (socket, query) => drip(socket, framed(answer(query, a('10.0.0.1')))),
      '10.0.0.1',
    ],
    [
      'of two replies the first is read',
      (socket, query) =>
        socket.end(
          Buffer.concat([framed(answer(query, a('10.0.0.1'))), framed(answer(query, a('6.6.6.6')))]),
        ),
      '10.0.0.1',
    ],
    [
      'one that ends in the middle is cut short',
      (socket, query) => socket.end(framed(answer(query, a('10.0.0.1'))).subarray(0, -5)),
      'TruncatedAnswer',
    ],
    ['one that ends within its length is cut short', (socket) => socket.end(Buffer.of(0)), 'TruncatedAnswer'],
    ['one of no length is none', (socket) => socket.end(uint16(0)), 'MalformedAnswer'],
    [
      'one that is truncated again is not taken',
      (socket, query) => socket.end(framed(truncated(query))),
      'TruncatedAnswer',
    ],
    [
      'one to another question is not taken',
      (socket, query) =>
        socket.end(
          framed(
            rawReply({
              id: idOf(query),
              question: Buffer.concat([nameOf('xx.example.test'), uint16(1, 1)]),
              answers: [a('6.6.6.6')],
            }),
          ),
        ),
      'MalformedAnswer',
    ],
    ['one that never comes is not waited for', () => undefined, 'TruncatedAnswer'],
    ['one that never ends is not waited for', (socket) => dripForever(socket), 'TruncatedAnswer'],
    [
      'a connection that is reset is a reply that did not come',
      (socket) => socket.resetAndDestroy(),
      'TruncatedAnswer',
    ],
    ['a connection that is closed at once is one too', (socket) => socket.destroy(), 'TruncatedAnswer'],
  ])('%s', async (_, onTcp, expected) => {
    server.onTcp = onTcp;
    const startedAt = performance.now();
    expect(inShort((await resolve('db.example.test', 1_000)).IPv4)).toBe(expected);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  function drip(socket: Socket, bytes: Buffer): void {
    socket.setNoDelay(true);
    const next = (at: number) => {
      if (at < bytes.length && socket.writable)
        socket.write(bytes.subarray(at, at + 1), () => setImmediate(next, at + 1));
    };
    next(0);
  }

  function dripForever(socket: Socket): void {
    socket.write(uint16(16_000));
    const timer = setInterval(() => socket.write(Buffer.of(0)), 5);
    socket.once('close', () => clearInterval(timer));
  }
});

it('the resolver leaves no socket behind, whatever the outcome of the query', async () => {
  server.onUdp = () => undefined;
  const sockets = () => process.getActiveResourcesInfo().filter((name) => /UDP/.test(name)).length;
  await waitFor('the server’s socket to be the only one', () => sockets() === 1);
  const controller = new AbortController();
  const settings = { ...DNS_SETTINGS, servers: [server.address], timeoutMs: 10_000 };
  const asking = Array.from({ length: 50 }, (_, index) =>
    resolver.resolve({ kind: 'host', host: host(`n${index}.example.test`) }, settings, controller.signal),
  );
  await waitFor('the queries to arrive', () => server.received.length === 100);
  expect(sockets()).toBeGreaterThan(1);
  controller.abort(new Error('enough'));
  await Promise.allSettled(asking);
  await waitFor('the sockets to close', () => sockets() === 1);
});
