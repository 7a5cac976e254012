import packet from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { decodeQuery, encodeReply } from '../../../src/embedded/dns-wire.ts';
import { DnsZone } from '../../../src/embedded/dns-zone.ts';
import { address, cname, srv } from '../../support/dns-resolver.ts';

/** Encodes the query and decodes the reply with dns-packet, an independent implementation of the format. */
function ask(
  zone: DnsZone,
  name: string,
  type: 'A' | 'AAAA' | 'SRV' | 'CNAME' | 'SOA' | 'TXT',
  maxBytes = 65_535,
) {
  const query = decodeQuery(packet.encode({ type: 'query', id: 7, questions: [{ name, type }] }));
  if (query === undefined) throw new Error('the query was not understood');
  const found = zone.answer(query.name, query.type);
  const reply = packet.decode(Buffer.from(encodeReply(query, found.rcode, found, maxBytes)));
  return {
    rcode: (reply as { readonly rcode?: string }).rcode,
    truncated: reply.flag_tc,
    question: reply.questions?.map((each) => each.name),
    answers: reply.answers?.map(
      (each) => `${each.name} ${each.type} ${JSON.stringify('data' in each ? each.data : '')}`,
    ),
    authorities: reply.authorities?.map((each) => `${each.name} ${each.type}`),
    additionals: reply.additionals?.map((each) => `${each.name} ${each.type}`),
  };
}

function zoneWith(records: Readonly<Record<string, Parameters<DnsZone['set']>[1]>>): DnsZone {
  const zone = new DnsZone('example.test', 60);
  for (const [name, of] of Object.entries(records)) zone.set(name, of);
  return zone;
}

describe('the embedded DNS zone', () => {
  it('sends replies that dns-packet can decode', () => {
    const zone = zoneWith({
      'db.example.test': [address('10.0.0.1'), address('fd00::1:0:0:2')],
      'alias.example.test': [cname('db.example.test')],
      '_pg._tcp.example.test': [srv('db.example.test', 5432, 1, 2)],
    });
    expect(ask(zone, 'dB.Example.test', 'A')).toMatchObject({
      rcode: 'NOERROR',
      question: ['dB.Example.test'],
      answers: ['dB.Example.test A "10.0.0.1"'],
    });
    expect(ask(zone, 'db.example.test', 'AAAA').answers).toEqual(['db.example.test AAAA "fd00::1:0:0:2"']);
    expect(ask(zone, 'alias.example.test', 'A').answers).toEqual([
      'alias.example.test CNAME "db.example.test"',
      'db.example.test A "10.0.0.1"',
    ]);
    expect(ask(zone, '_pg._tcp.example.test', 'SRV')).toMatchObject({
      answers: ['_pg._tcp.example.test SRV {"priority":1,"weight":2,"port":5432,"target":"db.example.test"}'],
      additionals: ['db.example.test A', 'db.example.test AAAA'],
    });
    expect(ask(zone, 'example.test', 'SOA').answers).toEqual([expect.stringContaining('"minimum":60')]);
  });

  it('answers NXDOMAIN, NODATA, and REFUSED for other zones', () => {
    const zone = zoneWith({ 'a.b.example.test': [address('10.0.0.1')] });
    expect(ask(zone, 'nope.example.test', 'A')).toMatchObject({
      rcode: 'NXDOMAIN',
      authorities: ['example.test SOA'],
    });
    expect(ask(zone, 'a.b.example.test', 'TXT')).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
      authorities: ['example.test SOA'],
    });
    expect(ask(zone, 'b.example.test', 'A')).toMatchObject({ rcode: 'NOERROR' });
    expect(ask(zone, 'other.test', 'A')).toMatchObject({ rcode: 'REFUSED', authorities: [] });
    expect(() => zone.set('other.test', [])).toThrow('not in the zone');
  });

  it('truncates a reply: first the additional section, then all records with the TC bit', () => {
    const many = Array.from({ length: 20 }, (_, index) => address(`10.0.0.${index}`));
    const zone = zoneWith({ 'db.example.test': many, '_pg._tcp.example.test': [srv('db.example.test', 1)] });
    expect(ask(zone, '_pg._tcp.example.test', 'SRV', 200)).toMatchObject({
      truncated: false,
      additionals: [],
    });
    expect(ask(zone, 'db.example.test', 'A', 200)).toMatchObject({ truncated: true, answers: [] });
  });

  it('can be edited at any time', () => {
    const zone = zoneWith({ 'db.example.test': [address('10.0.0.1')] });
    zone.set('db.example.test', [address('10.0.0.2')]);
    expect(ask(zone, 'db.example.test', 'A').answers).toEqual(['db.example.test A "10.0.0.2"']);
    zone.set('db.example.test', []);
    expect(ask(zone, 'db.example.test', 'A').rcode).toBe('NXDOMAIN');
  });

  it('ignores messages that are not a query', () => {
    const query = packet.encode({
      type: 'query',
      id: 7,
      questions: [{ name: 'db.example.test', type: 'A' }],
    });
    for (let length = 0; length < query.length; length += 1)
      expect(decodeQuery(query.subarray(0, length))).toBeUndefined();
    query[2] = 0x80;
    expect(decodeQuery(query)).toBeUndefined();
  });
});
