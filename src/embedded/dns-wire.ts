import type { IpAddress } from '../model/ip-address.ts';
import type { OwnedRecord, ZoneAnswer } from './dns-zone.ts';

export interface ReceivedQuery {
  readonly id: number;
  /** The question as received. A reply repeats it octet by octet, including the case of letters. */
  readonly question: Uint8Array;
  /** Lower case, no trailing dot. */
  readonly name: string;
  readonly type: string;
  readonly recursionDesired: boolean;
  /** The largest UDP reply that the client accepts; undefined without EDNS. */
  readonly udpPayloadBytes: number | undefined;
}

export type Rcode = ZoneAnswer['rcode'] | 'FORMERR' | 'SERVFAIL';

const HEADER_LENGTH = 12;
const RCODES: Readonly<Record<Rcode, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  REFUSED: 5,
};
const TYPES: Readonly<Record<string, number>> = { A: 1, CNAME: 5, SOA: 6, AAAA: 28, SRV: 33 };
const TYPE_OPT = 41;
const FLAG = { response: 0x8000, authoritative: 0x400, truncated: 0x200, recursionDesired: 0x100 } as const;
const POINTER_TO_QUESTION = 0xc000 | HEADER_LENGTH;
const CLASS_IN = 1;

/** Parses a query with one question. Returns undefined for any other message, which gets no reply. */
export function decodeQuery(message: Buffer): ReceivedQuery | undefined {
  if (message.length < HEADER_LENGTH + 5) return undefined;
  const flags = message.readUInt16BE(2);
  if ((flags & FLAG.response) !== 0 || message.readUInt16BE(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER_LENGTH;
  for (let length = message[at] ?? 0; length !== 0; length = message[at] ?? 0) {
    if (length > 63 || at + length + 6 > message.length) return undefined;
    labels.push(message.toString('latin1', at + 1, at + 1 + length).toLowerCase());
    at += length + 1;
  }
  const end = at + 5;
  if (end > message.length) return undefined;
  const typeNumber = message.readUInt16BE(at + 1);
  return {
    id: message.readUInt16BE(0),
    question: message.subarray(HEADER_LENGTH, end),
    name: labels.join('.'),
    type: Object.keys(TYPES).find((name) => TYPES[name] === typeNumber) ?? String(typeNumber),
    recursionDesired: (flags & FLAG.recursionDesired) !== 0,
    udpPayloadBytes: readPayloadSize(message, end),
  };
}

/** The OPT record of a query follows the question directly. */
function readPayloadSize(message: Buffer, at: number): number | undefined {
  const hasOpt = message.length >= at + 11 && message[at] === 0 && message.readUInt16BE(at + 1) === TYPE_OPT;
  return hasOpt ? message.readUInt16BE(at + 3) : undefined;
}

/**
 * A reply of at most `maxBytes`. A longer one loses its additional section, then all its records; the TC bit then
 * makes the client retry over TCP (RFC 2181 §9).
 */
export function encodeReply(
  query: ReceivedQuery,
  rcode: Rcode,
  answer: Omit<ZoneAnswer, 'rcode'>,
  maxBytes: number,
): Uint8Array {
  const { answers, authorities, additionals } = answer;
  const whole = assemble(query, rcode, { answers, authorities, additionals }, false);
  if (whole.length <= maxBytes) return whole;
  const bare = assemble(query, rcode, { answers, authorities, additionals: [] }, false);
  if (bare.length <= maxBytes) return bare;
  return assemble(query, rcode, { answers: [], authorities: [], additionals: [] }, true);
}

function assemble(
  query: ReceivedQuery,
  rcode: Rcode,
  { answers, authorities, additionals }: Omit<ZoneAnswer, 'rcode'>,
  truncated: boolean,
): Uint8Array {
  const opt = query.udpPayloadBytes === undefined ? [] : [optRecord()];
  const authoritative = rcode === 'NOERROR' || rcode === 'NXDOMAIN';
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt16BE(query.id, 0);
  header.writeUInt16BE(
    FLAG.response |
      (authoritative ? FLAG.authoritative : 0) |
      (truncated ? FLAG.truncated : 0) |
      (query.recursionDesired ? FLAG.recursionDesired : 0) |
      RCODES[rcode],
    2,
  );
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  header.writeUInt16BE(authorities.length, 8);
  header.writeUInt16BE(additionals.length + opt.length, 10);
  const records = [...answers, ...authorities, ...additionals].map((owned) => encodeRecord(owned, query));
  return Buffer.concat([header, query.question, ...records, ...opt]);
}

function optRecord(): Buffer {
  const record = Buffer.alloc(11);
  record.writeUInt16BE(TYPE_OPT, 1);
  record.writeUInt16BE(1232, 3);
  return record;
}

function encodeRecord({ owner, record }: OwnedRecord, query: ReceivedQuery): Buffer {
  const name = owner === query.name ? uint16(POINTER_TO_QUESTION) : encodeName(owner);
  const ttlSeconds = record.type === 'SOA' ? record.soa.minimumSeconds : record.ttlSeconds;
  const data = encodeData(record);
  const fixed = Buffer.concat([uint16(TYPES[record.type] ?? 0), uint16(CLASS_IN), uint32(ttlSeconds)]);
  return Buffer.concat([name, fixed, uint16(data.length), data]);
}

function encodeData(record: OwnedRecord['record']): Buffer {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return encodeAddress(record.address);
    case 'CNAME':
      return encodeName(record.target);
    case 'SRV': {
      const { priority, weight, port, target } = record;
      return Buffer.concat([uint16(priority), uint16(weight), uint16(port), encodeName(target)]);
    }
    case 'SOA': {
      const { serial, minimumSeconds } = record.soa;
      const numbers = [serial, 3600, 600, 86_400, minimumSeconds].map(uint32);
      return Buffer.concat([encodeName('ns.invalid'), encodeName('hostmaster.invalid'), ...numbers]);
    }
  }
}

function encodeName(name: string): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')])),
    Buffer.of(0),
  ]);
}

function encodeAddress(address: IpAddress): Buffer {
  if (!address.includes(':')) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array<string>(8 - before.length - after.length).fill('0');
  return Buffer.concat([...before, ...zeros, ...after].map((group) => uint16(Number.parseInt(group, 16))));
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
