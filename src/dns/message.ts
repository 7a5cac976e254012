import packet from 'dns-packet';
import { BoundedMap } from '../model/bounded-map.ts';
import { type Hostname, isHostname, parseHostname } from '../model/hostname.ts';
import { addressFromOctets, familyOf, type IpAddress } from '../model/ip-address.ts';
import {
  HEADER_LENGTH,
  readName,
  readSkeleton,
  readUint16,
  readUint32,
  type Skeleton,
  type WireRecord,
} from './wire.ts';

/** The record types of our queries. */
export type QueryType = 'A' | 'AAAA' | 'SRV';

export interface Question {
  readonly name: Hostname;
  readonly type: QueryType;
}

/** DNS Flag Day 2020: the largest UDP payload that no path is known to fragment. */
const UDP_PAYLOAD_BYTES = 1232;

const OPT_LENGTH = 11;

/**
 * A recursive query for one question. With `edns` it states how large a UDP reply may be (RFC 6891); some old servers
 * reject that.
 */
export function encodeQuery({ name, type }: Question, id: number, edns: boolean): Uint8Array {
  const template = templateFor(name);
  const length = edns ? template.length : template.length - OPT_LENGTH;
  // From Buffer's pool: an allocation of its own would cost as much as the rest of the function.
  const query = Buffer.allocUnsafe(length);
  template.copy(query, 0, 0, length);
  const typeAt = template.length - OPT_LENGTH - 4;
  writeUint16(query, 0, id);
  writeUint16(query, typeAt, TYPE[type]);
  if (!edns) writeUint16(query, 10, 0);
  return query;
}

/** The same names are queried again and again. Each query is a copy with its own id and type. */
const templates = new BoundedMap<Hostname, Buffer>(50_000);

function templateFor(name: Hostname): Buffer {
  const known = templates.get(name);
  if (known !== undefined) return known;
  const opt = { ednsVersion: 0, extendedRcode: 0, flags: 0, flag_do: false, options: [] };
  const query = packet.encode({
    type: 'query',
    id: 0,
    flags: packet.RECURSION_DESIRED,
    questions: [{ name, type: 'A', class: 'IN' }],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: UDP_PAYLOAD_BYTES, ...opt }],
  });
  templates.set(name, query);
  return query;
}

function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}

/** A well-formed reply. Whether it answers the question is decided later. */
export interface Reply {
  /** Twelve bits: the header's four, and the OPT record's eight above them (RFC 6891 §6.1.3). */
  readonly rcode: number;
  readonly truncated: boolean;
  readonly authoritative: boolean;
  readonly recursionAvailable: boolean;
  readonly answers: readonly AnswerRecord[];
  /**
   * How long a negative answer may be cached (RFC 2308 §5): the SOA record's minimum or its TTL, whichever is
   * smaller.
   */
  readonly negativeTtlSeconds: number | undefined;
  /** A referral to name servers instead of an answer. */
  readonly referral: boolean;
  /** Addresses from the additional section. */
  readonly additionals: readonly AnswerRecord[];
}

interface RecordTraits {
  /** Lower case. */
  readonly owner: string;
  readonly ttlSeconds: number;
}

export type AnswerRecord = AddressRecord | AliasRecord | ServiceRecord;

export interface AddressRecord extends RecordTraits {
  readonly type: 'A' | 'AAAA';
  readonly address: IpAddress;
}

export interface AliasRecord extends RecordTraits {
  readonly type: 'CNAME';
  readonly target: Hostname;
}

export interface ServiceRecord extends RecordTraits {
  readonly type: 'SRV';
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** Undefined for the root: the service is not offered (RFC 2782). */
  readonly target: Hostname | undefined;
}

export interface Malformed {
  readonly malformed: string;
}

const TYPE = { A: 1, CNAME: 5, NS: 2, SOA: 6, AAAA: 28, SRV: 33, OPT: 41 } as const;
const CLASS_IN = 1;
const FLAG = { authoritative: 0x400, truncated: 0x200, recursionAvailable: 0x80 } as const;

/**
 * Reads the records of class IN that a resolver needs. Of others only the bounds are checked. `asked` is the name in
 * the reply's question, lower case without a trailing dot; the caller has compared it.
 */
export function decodeReply(bytes: Uint8Array, asked: string): Reply | Malformed {
  const skeleton = readSkeleton(bytes);
  if (skeleton === undefined) return { malformed: 'a length or a count runs past the end of the message' };
  const answers = readRecords(bytes, skeleton.answers, asked);
  if (typeof answers === 'string') return { malformed: answers };
  const additionals = readRecords(bytes, skeleton.additionals, asked);
  const negativeTtlSeconds = readNegativeTtl(bytes, skeleton.authorities);
  if (negativeTtlSeconds === 'malformed') return { malformed: 'an SOA record is not whole' };
  return {
    rcode: (skeleton.flags & 0xf) | extendedRcode(skeleton),
    truncated: (skeleton.flags & FLAG.truncated) !== 0,
    authoritative: (skeleton.flags & FLAG.authoritative) !== 0,
    recursionAvailable: (skeleton.flags & FLAG.recursionAvailable) !== 0,
    answers,
    negativeTtlSeconds,
    referral: negativeTtlSeconds === undefined && skeleton.authorities.some(({ type }) => type === TYPE.NS),
    // Additional records are optional. A broken one must not cost the answer.
    additionals: typeof additionals === 'string' ? [] : additionals,
  };
}

function extendedRcode(skeleton: Skeleton): number {
  const opt = skeleton.additionals.find(({ type }) => type === TYPE.OPT);
  return opt === undefined ? 0 : (opt.ttl >>> 24) << 4;
}

const NO_RECORDS: readonly AnswerRecord[] = [];

function readRecords(
  bytes: Uint8Array,
  records: readonly WireRecord[],
  asked: string,
): readonly AnswerRecord[] | string {
  let read: AnswerRecord[] | undefined;
  for (const record of records) {
    if (record.class !== CLASS_IN) continue;
    const result = readRecord(bytes, record, asked);
    if (result === 'malformed') return 'a record does not fit its RDLENGTH or names no valid host';
    if (result === 'other') continue;
    // Answers are cached; an empty array to which items are pushed reserves room for seventeen.
    if (read === undefined) read = [result];
    else read.push(result);
  }
  return read ?? NO_RECORDS;
}

function readRecord(
  bytes: Uint8Array,
  record: WireRecord,
  asked: string,
): AnswerRecord | 'other' | 'malformed' {
  switch (record.type) {
    case TYPE.A:
    case TYPE.AAAA:
      return readAddressRecord(bytes, record, asked);
    case TYPE.CNAME:
      return readAliasRecord(bytes, record, asked);
    case TYPE.SRV:
      return readServiceRecord(bytes, record, asked);
    default:
      return 'other';
  }
}

function readAddressRecord(
  bytes: Uint8Array,
  record: WireRecord,
  asked: string,
): AddressRecord | 'other' | 'malformed' {
  const owner = readOwner(bytes, record.ownerAt, asked);
  const type = record.type === TYPE.A ? 'A' : 'AAAA';
  if (owner === undefined || record.dataLength !== (type === 'A' ? 4 : 16)) return 'malformed';
  const address = addressFromOctets(bytes, record.dataAt, type === 'A' ? 4 : 16);
  // An IPv4-mapped AAAA record means an IPv4 address, which is no answer to AAAA.
  if (familyOf(address) !== (type === 'A' ? 'IPv4' : 'IPv6')) return 'other';
  return { type, owner, ttlSeconds: believableTtl(record.ttl), address };
}

function readAliasRecord(bytes: Uint8Array, record: WireRecord, asked: string): AliasRecord | 'malformed' {
  const owner = readOwner(bytes, record.ownerAt, asked);
  const target = readHost(bytes, record, record.dataAt);
  if (owner === undefined || target === undefined || target === '') return 'malformed';
  return { type: 'CNAME', owner, ttlSeconds: believableTtl(record.ttl), target };
}

function readServiceRecord(
  bytes: Uint8Array,
  record: WireRecord,
  asked: string,
): ServiceRecord | 'malformed' {
  const owner = readOwner(bytes, record.ownerAt, asked);
  const target = record.dataLength < 7 ? undefined : readHost(bytes, record, record.dataAt + 6);
  if (owner === undefined || target === undefined) return 'malformed';
  return {
    type: 'SRV',
    owner,
    ttlSeconds: believableTtl(record.ttl),
    priority: readUint16(bytes, record.dataAt),
    weight: readUint16(bytes, record.dataAt + 2),
    port: readUint16(bytes, record.dataAt + 4),
    target: target === '' ? undefined : target,
  };
}

/** Nearly every owner is a pointer to the question's name, which is known already. */
function readOwner(bytes: Uint8Array, at: number, asked: string): string | undefined {
  return readUint16(bytes, at) === POINTER_TO_QUESTION ? asked : readName(bytes, at)?.text;
}

const POINTER_TO_QUESTION = 0xc000 | HEADER_LENGTH;

/** RFC 2181 §8: a TTL with its top bit set counts as zero. */
function believableTtl(ttl: number): number {
  return ttl > 0x7fff_ffff ? 0 : ttl;
}

/** The name that ends exactly where the record does; empty for the root. */
function readHost(bytes: Uint8Array, record: WireRecord, at: number): Hostname | '' | undefined {
  const name = readName(bytes, at);
  if (name === undefined || name.end !== record.dataAt + record.dataLength) return undefined;
  if (name.text === '') return '';
  const host = parseHostname(name.text);
  return isHostname(host) ? host : undefined;
}

function readNegativeTtl(
  bytes: Uint8Array,
  authorities: readonly WireRecord[],
): number | undefined | 'malformed' {
  const record = authorities.find((candidate) => candidate.type === TYPE.SOA && candidate.class === CLASS_IN);
  if (record === undefined) return undefined;
  const primary = readName(bytes, record.dataAt);
  const mailbox = primary === undefined ? undefined : readName(bytes, primary.end);
  if (mailbox === undefined || mailbox.end + 20 !== record.dataAt + record.dataLength) return 'malformed';
  const minimum = readUint32(bytes, mailbox.end + 16);
  return Math.min(believableTtl(record.ttl), believableTtl(minimum));
}
