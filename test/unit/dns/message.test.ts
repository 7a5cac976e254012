import { describe, expect, it } from 'vitest';
import { decodeReply, encodeQuery } from '../../../src/dns/message.ts';
import { readName, readSkeleton } from '../../../src/dns/wire.ts';
import {
  a,
  cnameTo,
  nameOf,
  question,
  type RawReply,
  rawReply,
  soa,
  TO_QUESTION,
  TYPE,
  uint16,
  wireName,
} from '../../support/dns-bytes.ts';
import { host } from '../../support/dns-resolver.ts';

const ASKED = 'db.example.test';
const QUESTION = question(ASKED, TYPE.A);

function decode(reply: RawReply) {
  return decodeReply(rawReply({ question: QUESTION, ...reply }), ASKED);
}

describe('encodeQuery', () => {
  it('encodes one recursive question with an EDNS payload size of 1232 bytes', () => {
    const query = encodeQuery({ name: host('db.example.test'), type: 'AAAA' }, 0xabcd, true);
    const name = '026462076578616d706c65047465737400';
    const header = 'abcd01000001000000000001';
    const opt = '00002904d0000000000000';
    expect(Buffer.from(query).toString('hex')).toBe(`${header}${name}001c0001${opt}`);
  });

  it('leaves out the OPT record without EDNS', () => {
    const query = encodeQuery({ name: host('db.example.test.'), type: 'SRV' }, 1, false);
    const name = '026462076578616d706c65047465737400';
    expect(Buffer.from(query).toString('hex')).toBe(`000101000001000000000000${name}00210001`);
  });

  it('encodes an international name as punycode', () => {
    const query = encodeQuery({ name: host('Bücher.example'), type: 'A' }, 1, false);
    expect(readName(query, 12)?.text).toBe('xn--bcher-kva.example');
  });

  it('encodes the longest possible name', () => {
    const longest = [63, 63, 63, 61].map((length) => 'x'.repeat(length)).join('.');
    const query = encodeQuery({ name: host(longest), type: 'A' }, 1, false);
    expect(query).toHaveLength(12 + 255 + 4);
    expect(readName(query, 12)).toEqual({ text: longest, end: 12 + 255 });
  });
});

describe('decodeReply', () => {
  it('reads addresses, aliases and services', () => {
    const service = Buffer.concat([uint16(1, 2, 5432), nameOf('a.example.test')]);
    const nowhere = Buffer.concat([uint16(0, 0, 0), wireName()]);
    const reply = decode({
      answers: [
        cnameTo('Alias.Example.test'),
        a('10.0.0.1', nameOf('ALIAS.example.test'), 7),
        { owner: TO_QUESTION, type: TYPE.AAAA, data: Buffer.from('fd000000000000000000000000000001', 'hex') },
        { owner: TO_QUESTION, type: TYPE.SRV, data: service },
        { owner: TO_QUESTION, type: TYPE.SRV, data: nowhere },
        { owner: TO_QUESTION, type: TYPE.TXT, data: Buffer.of(0xff) },
      ],
    });
    const traits = { owner: ASKED, ttlSeconds: 60 };
    expect(reply).toMatchObject({
      rcode: 0,
      answers: [
        { ...traits, type: 'CNAME', target: 'alias.example.test' },
        { owner: 'alias.example.test', ttlSeconds: 7, type: 'A', address: '10.0.0.1' },
        { ...traits, type: 'AAAA', address: 'fd00::1' },
        { ...traits, type: 'SRV', priority: 1, weight: 2, port: 5432, target: 'a.example.test' },
        { ...traits, type: 'SRV', target: undefined },
      ],
    });
  });

  it.each([
    ['the minimum, when it is smaller', 30, 60, 30],
    ['the TTL, when it is smaller', 60, 20, 20],
    ['nothing, when the top bit is set', 0x8000_0000, 20, 0],
  ])('takes the TTL of a negative answer from the SOA record: %s', (_, minimum, ttl, expected) => {
    const reply = decode({ authorities: [soa('example.test', minimum, ttl)] });
    expect(reply).toMatchObject({ negativeTtlSeconds: expected, referral: false });
  });

  it('recognises a referral by name servers without an SOA record', () => {
    const nameServer = { owner: nameOf('test'), type: TYPE.NS, data: nameOf('ns.test') };
    expect(decode({ authorities: [nameServer] })).toMatchObject({ referral: true });
    expect(decode({ authorities: [nameServer, soa('test', 5)] })).toMatchObject({ referral: false });
  });

  it('combines the extended rcode from the OPT record and the header', () => {
    const opt = { owner: wireName(), type: TYPE.OPT, class: 1232, ttl: 0x0100_0000, data: Buffer.alloc(0) };
    expect(decode({ additionals: [opt] })).toMatchObject({ rcode: 16 });
  });

  it('skips other classes and IPv4-mapped IPv6 addresses', () => {
    const mapped = Buffer.from('00000000000000000000ffff0a000001', 'hex');
    const answers = [
      { ...a('10.0.0.1'), class: 3 },
      { owner: TO_QUESTION, type: TYPE.AAAA, data: mapped },
    ];
    expect(decode({ answers })).toMatchObject({ answers: [] });
  });

  it('reads a TTL with its top bit set as zero', () => {
    expect(decode({ answers: [a('10.0.0.1', TO_QUESTION, 0xffff_ffff)] })).toMatchObject({
      answers: [{ ttlSeconds: 0 }],
    });
  });

  it('drops a broken additional section and keeps the answer', () => {
    const broken = { ...a('10.0.0.9'), data: Buffer.alloc(3) };
    expect(decode({ answers: [a('10.0.0.1')], additionals: [broken] })).toMatchObject({
      answers: [{ address: '10.0.0.1' }],
      additionals: [],
    });
  });

  it.each<[string, RawReply]>([
    ['an A record of three bytes', { answers: [{ ...a('10.0.0.1'), data: Buffer.alloc(3) }] }],
    ['an A record of five bytes', { answers: [{ ...a('10.0.0.1'), data: Buffer.alloc(5) }] }],
    ['an AAAA record of four bytes', { answers: [{ ...a('10.0.0.1'), type: TYPE.AAAA }] }],
    ['an RDLENGTH beyond the end', { answers: [{ ...a('10.0.0.1'), announcedLength: 400 }] }],
    ['an RDLENGTH that ends within the name', { answers: [{ ...cnameTo('abc.def'), announcedLength: 5 }] }],
    [
      'bytes behind the name',
      { answers: [{ ...cnameTo('a'), data: Buffer.concat([nameOf('a'), Buffer.of(0)]) }] },
    ],
    ['more answers than there are', { answers: [a('10.0.0.1')], answerCount: 2 }],
    ['65,535 answers', { answers: [a('10.0.0.1')], answerCount: 65_535 }],
    ['a name that points to itself', { answers: [a('10.0.0.1', uint16(0xc000 + 12 + QUESTION.length))] }],
    ['a name that points ahead', { answers: [a('10.0.0.1', uint16(0xc0ff))] }],
    [
      'a label of 64 bytes',
      { answers: [a('10.0.0.1', Buffer.concat([Buffer.of(64), Buffer.alloc(64), Buffer.of(0)]))] },
    ],
    ['an alias to the root', { answers: [{ ...cnameTo(''), data: wireName() }] }],
    ['an alias to a name with a space', { answers: [{ ...cnameTo(''), data: wireName('a b', 'test') }] }],
    [
      'an alias to a name with a dot in a label',
      { answers: [{ ...cnameTo(''), data: wireName('a.b', 'test') }] },
    ],
    [
      'a service without a target',
      { answers: [{ owner: TO_QUESTION, type: TYPE.SRV, data: uint16(1, 2, 3) }] },
    ],
    ['an SOA record without its numbers', { authorities: [{ ...soa('test', 1), data: wireName('m') }] }],
  ])('finds %s malformed', (_, reply) => {
    expect(decode(reply)).toHaveProperty('malformed');
  });

  it('keeps a label with a dot or a NUL apart from every other name', () => {
    const reply = decode({
      answers: [
        a('10.0.0.1', wireName('db.example', 'test')),
        a('10.0.0.2', wireName('db\0', 'example', 'test')),
      ],
    });
    expect(reply).toMatchObject({
      answers: [{ owner: 'db\\046example.test' }, { owner: 'db\\000.example.test' }],
    });
  });
});

describe('readSkeleton', () => {
  it('rejects every truncated message', () => {
    const whole = rawReply({ question: QUESTION, answers: [a('10.0.0.1')], authorities: [soa('test', 1)] });
    for (let length = 0; length < whole.length; length += 1) {
      expect(readSkeleton(whole.subarray(0, length))).toBeUndefined();
    }
    expect(readSkeleton(whole)).toMatchObject({
      answers: [{ dataLength: 4 }],
      authorities: [{ type: TYPE.SOA }],
    });
  });
});

describe('readName', () => {
  it('follows a chain of pointers backwards, up to the limit of labels', () => {
    const pointers = (length: number) => {
      const bytes = Buffer.concat([
        wireName('x'),
        ...Array.from({ length }, (_, index) => uint16(0xc000 + (index === 0 ? 0 : 3 + 2 * (index - 1)))),
      ]);
      return readName(bytes, 3 + 2 * (length - 1));
    };
    expect(pointers(1)?.text).toBe('x');
    expect(pointers(126)?.text).toBe('x');
    expect(pointers(127)).toBeUndefined();
  });

  it('rejects a name of more than 255 octets, however it is encoded', () => {
    const half = wireName('y'.repeat(63), 'y'.repeat(63));
    const long = Buffer.concat([
      half,
      Buffer.concat([wireName('z'.repeat(63), 'z'.repeat(63)).subarray(0, -1), uint16(0xc000)]),
    ]);
    expect(readName(long, half.length)).toBeUndefined();
  });
});
