import { describe, expect, it } from 'vitest';
import { encodeReply } from '../../../src/embedded/dns-wire.ts';
import { a, nameOf, question, rawReply, TYPE } from '../../support/dns-bytes.ts';
import {
  type AskedQuery,
  answering,
  type Behaviour,
  servingZones,
  silent,
} from '../../support/dns-network.ts';
import { address, inShort, ResolverBench, SERVER } from '../../support/dns-resolver.ts';

const NOTHING = { answers: [], authorities: [], additionals: [] };

/** A bench with a server that serves `db.example.test` over TCP; the test decides what it does over UDP. */
function benchWith(overUdp: (query: AskedQuery, serve: Behaviour) => ReturnType<Behaviour>): ResolverBench {
  const bench = new ResolverBench();
  bench.zone.set('db.example.test', [address('10.0.0.1')]);
  bench.zone.set('other.example.test', [address('10.0.0.2')]);
  const serve = servingZones(bench.zone);
  bench.network.set(SERVER, (query) => (query.overTcp ? serve(query) : overUdp(query, serve)));
  return bench;
}

/** The queries for A records, exchange by exchange: `udp+edns`, `tcp`. */
function modesOf(bench: ResolverBench): string[] {
  return bench.network.queries
    .filter(({ type }) => type === 'A')
    .map(({ overTcp, udpPayloadBytes }) => `${overTcp ? 'tcp' : 'udp'}${udpPayloadBytes ? '+edns' : ''}`);
}

/** The reply with its question's name in lower case. */
function folded(reply: Uint8Array): Uint8Array {
  const end = reply.indexOf(0, 12);
  return reply.map((octet, at) =>
    at >= 12 && at < end && octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet,
  );
}

describe('a server that', () => {
  it.each(['FORMERR', 'a bare FORMERR'])(
    'answers EDNS with %s gets queries without EDNS from then on',
    async (what) => {
      const bench = benchWith((query, serve) => {
        if (query.udpPayloadBytes === undefined) return serve(query);
        if (what === 'FORMERR') return answering('FORMERR')(query);
        return { datagrams: [rawReply({ id: query.id, flags: 0x8181 })] };
      });
      expect(inShort((await bench.resolve('db.example.test')).IPv4)).toBe('10.0.0.1');
      await bench.resolve('other.example.test');
      expect(modesOf(bench)).toEqual(['udp+edns', 'udp', 'udp']);
    },
  );

  it('did not support EDNS gets EDNS again after a while', async () => {
    let isOld = true;
    const bench = benchWith((query, serve) =>
      isOld && query.udpPayloadBytes !== undefined ? answering('FORMERR')(query) : serve(query),
    );
    await bench.resolve('db.example.test');
    isOld = false;
    await bench.clock.advance(600_000);
    await bench.resolve('db.example.test');
    expect(modesOf(bench)).toEqual(['udp+edns', 'udp', 'udp+edns']);
  });

  it('folds the case of letters is queried over TCP, and then in lower case', async () => {
    const bench = benchWith(silent);
    const serve = servingZones(bench.zone);
    bench.network.set(SERVER, (query) => {
      const reaction = serve(query);
      return 'datagrams' in reaction ? { datagrams: reaction.datagrams.map(folded) } : reaction;
    });
    expect(inShort((await bench.resolve('db.example.test')).IPv4)).toBe('10.0.0.1');
    expect(inShort((await bench.resolve('other.example.test')).IPv4)).toBe('10.0.0.2');
    expect(modesOf(bench)).toEqual(['udp+edns', 'tcp+edns', 'udp+edns']);
    const last = bench.network.queries.at(-1);
    expect(Buffer.from(last?.message ?? []).includes(nameOf('other.example.test'))).toBe(true);
  });

  it('only seems to fold the case because of a forged reply gets mixed case again', async () => {
    let forged = true;
    const bench = benchWith((query, serve) => {
      const reaction = serve(query);
      if (!forged || !('datagrams' in reaction)) return reaction;
      return { datagrams: reaction.datagrams.map(folded) };
    });
    await bench.resolve('db.example.test');
    forged = false;
    await bench.resolve('other.example.test');
    expect(modesOf(bench)).toEqual(['udp+edns', 'tcp+edns', 'udp+edns']);
    const last = bench.network.queries.at(-1);
    expect(Buffer.from(last?.message ?? []).includes(nameOf('other.example.test'))).toBe(false);
  });

  it('folds the case of letters and has no TCP is queried in lower case at once', async () => {
    const bench = new ResolverBench();
    bench.zone.set('db.example.test', [address('10.0.0.1')]);
    const serve = servingZones(bench.zone);
    bench.network.set(SERVER, (query) => {
      if (query.overTcp) return { outcome: 'unreachable', code: 'ECONNREFUSED' };
      const reaction = serve(query);
      return 'datagrams' in reaction ? { datagrams: reaction.datagrams.map(folded) } : reaction;
    });
    expect(inShort((await bench.resolve('db.example.test')).IPv4)).toBe('10.0.0.1');
    expect(modesOf(bench)).toEqual(['udp+edns', 'tcp+edns', 'udp+edns']);
  });

  it('is flooded by forged replies is queried over TCP', async () => {
    const bench = benchWith(() => ({ outcome: 'flooded' }));
    expect(inShort((await bench.resolve('db.example.test')).IPv4)).toBe('10.0.0.1');
    expect(modesOf(bench)).toEqual(['udp+edns', 'tcp+edns']);
    expect(bench.resolver.counters.floods).toBe(2);
  });

  it('answers after forged replies is still heard', async () => {
    const bench = benchWith((query, serve) => {
      const reaction = serve(query);
      const wrongName = question('evil.example.test', TYPE.A);
      const strays = [
        rawReply({ id: query.id ^ 1, question: query.question, answers: [a('6.6.6.6')] }),
        rawReply({ id: query.id, question: wrongName, answers: [a('6.6.6.6')] }),
        rawReply({ id: query.id, question: question(query.name, TYPE.SRV), answers: [a('6.6.6.6')] }),
        rawReply({ id: query.id, questionCount: 2, question: query.question, answers: [a('6.6.6.6')] }),
        rawReply({ id: query.id, answers: [a('6.6.6.6')] }),
        rawReply({ id: query.id, flags: 0x0100, question: query.question, answers: [a('6.6.6.6')] }),
        rawReply({ id: query.id, flags: 0xa180, question: query.question, answers: [a('6.6.6.6')] }),
        Buffer.from([query.id >> 8, query.id & 0xff]),
        Buffer.alloc(0),
      ];
      return 'datagrams' in reaction ? { datagrams: [...strays, ...reaction.datagrams] } : reaction;
    });
    expect(inShort((await bench.resolve('db.example.test')).IPv4)).toBe('10.0.0.1');
    expect(bench.resolver.counters.strays).toBe(18);
  });
});

describe('an answer', () => {
  it.each<[string, Behaviour, string, string]>([
    [
      'is truncated over TCP as well',
      (query) => ({ datagrams: [encodeReply(query, 'NOERROR', NOTHING, 0)] }),
      'TruncatedAnswer',
      'truncated over TCP as well',
    ],
    [
      'is too long for TCP',
      (query) =>
        query.overTcp
          ? { outcome: 'tooLong', announcedBytes: 20_000 }
          : { datagrams: [encodeReply(query, 'NOERROR', NOTHING, 0)] },
      'TruncatedAnswer',
      'the reply over TCP is 20000 bytes long, too many to read',
    ],
    [
      'breaks off over TCP',
      (query) =>
        query.overTcp ? { outcome: 'cutShort' } : { datagrams: [encodeReply(query, 'NOERROR', NOTHING, 0)] },
      'TruncatedAnswer',
      'the connection ended within the reply over TCP',
    ],
    [
      'does not come over TCP',
      (query) =>
        query.overTcp
          ? { outcome: 'unreachable', code: 'ECONNREFUSED' }
          : { datagrams: [encodeReply(query, 'NOERROR', NOTHING, 0)] },
      'TruncatedAnswer',
      'truncated over UDP, and over TCP: no program listens there (ECONNREFUSED)',
    ],
    [
      'cannot be read',
      (query) => ({
        datagrams: [
          rawReply({ id: query.id, question: query.question, answers: [a('10.0.0.1')], answerCount: 3 }),
        ],
      }),
      'MalformedAnswer',
      'a length or a count runs past the end of the message',
    ],
    [
      'gives records of a name that does not exist',
      (query) => ({
        datagrams: [
          rawReply({ id: query.id, flags: 0x8583, question: query.question, answers: [a('10.0.0.1')] }),
        ],
      }),
      'MalformedAnswer',
      'gives records of a name that it says does not exist',
    ],
    [
      'only refers elsewhere',
      (query) => ({
        datagrams: [
          rawReply({
            id: query.id,
            question: query.question,
            authorities: [{ owner: nameOf('test'), type: TYPE.NS, data: nameOf('ns.test') }],
          }),
        ],
      }),
      'QueryRefused',
      'does not answer for this name, it only refers elsewhere',
    ],
  ])('that %s', async (_, behaviour, reason, words) => {
    const bench = new ResolverBench();
    bench.network.set(SERVER, behaviour);
    const { IPv4 } = await bench.resolve('db.example.test');
    expect(IPv4).toMatchObject({ outcome: 'unresolved', reason });
    expect(IPv4.outcome === 'unresolved' && IPv4.message).toContain(words);
  });

  it('to another question over TCP is malformed', async () => {
    const bench = new ResolverBench();
    const other = question('evil.example.test', TYPE.A);
    bench.network.set(SERVER, (query) => ({
      datagrams: query.overTcp
        ? [rawReply({ id: query.id, question: other, answers: [a('6.6.6.6')] })]
        : [encodeReply(query, 'NOERROR', NOTHING, 0)],
    }));
    expect((await bench.resolve('db.example.test')).IPv4).toMatchObject({ reason: 'MalformedAnswer' });
  });

  it('has only the addresses at the end of the chain', async () => {
    const bench = new ResolverBench();
    bench.network.set(SERVER, (query) => ({
      datagrams: [
        rawReply({
          id: query.id,
          question: query.question,
          answers: [a('6.6.6.6', nameOf('evil.example.test')), a('10.0.0.1')],
        }),
      ],
    }));
    expect(inShort((await bench.resolve('db.example.test')).IPv4)).toBe('10.0.0.1');
  });

  it('without records, authority or recursion is no result; with recursion it is NODATA', async () => {
    const bench = new ResolverBench();
    const reply =
      (flags: number): Behaviour =>
      (query) => ({
        datagrams: [rawReply({ id: query.id, flags, question: query.question })],
      });
    bench.network.set(SERVER, reply(0x8100));
    expect((await bench.resolve('db.example.test')).IPv4).toMatchObject({ reason: 'QueryRefused' });
    bench.network.set(SERVER, reply(0x8180));
    expect((await bench.resolve('other.example.test')).IPv4).toMatchObject({
      reason: 'NoData',
      ttlSeconds: 0,
    });
  });
});
