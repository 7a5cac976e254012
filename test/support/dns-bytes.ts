/** DNS messages built byte by byte, so that a test can build wrong ones. */

export interface RawRecord {
  readonly owner: Uint8Array;
  readonly type: number;
  readonly class?: number;
  readonly ttl?: number;
  /** RDLENGTH; the length of the data if it is not given. */
  readonly announcedLength?: number;
  readonly data: Uint8Array;
}

export interface RawReply {
  readonly id?: number;
  /** QR, RD and RA by default. */
  readonly flags?: number;
  readonly question?: Uint8Array;
  readonly questionCount?: number;
  readonly answers?: readonly RawRecord[];
  readonly authorities?: readonly RawRecord[];
  readonly additionals?: readonly RawRecord[];
  /** ANCOUNT in the header; the number of answers if it is not given. */
  readonly answerCount?: number;
}

export const TYPE = { A: 1, NS: 2, CNAME: 5, SOA: 6, TXT: 16, AAAA: 28, SRV: 33, OPT: 41 } as const;
export const FLAGS = { reply: 0x8180, truncated: 0x0200, authoritative: 0x0400 } as const;
export const TO_QUESTION = Uint8Array.of(0xc0, 12);

export function uint16(...values: number[]): Buffer {
  return Buffer.concat(values.map((value) => Buffer.of((value >> 8) & 0xff, value & 0xff)));
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

/** `a.b` with its bytes unchanged; labels may contain any byte. */
export function wireName(...labels: string[]): Buffer {
  const parts = labels.map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label, 'latin1')]));
  return Buffer.concat([...parts, Buffer.of(0)]);
}

export function nameOf(text: string): Buffer {
  return wireName(...text.split('.').filter((label) => label !== ''));
}

export function rawRecord(record: RawRecord): Buffer {
  const { owner, type, data, ttl = 60 } = record;
  const length = record.announcedLength ?? data.length;
  return Buffer.concat([owner, uint16(type, record.class ?? 1), uint32(ttl), uint16(length), data]);
}

export function question(name: string, type: number): Buffer {
  return Buffer.concat([nameOf(name), uint16(type, 1)]);
}

export function rawReply(reply: RawReply): Buffer {
  const { answers = [], authorities = [], additionals = [] } = reply;
  const asked = reply.question ?? new Uint8Array();
  const header = uint16(
    reply.id ?? 0,
    reply.flags ?? FLAGS.reply,
    reply.questionCount ?? (asked.length > 0 ? 1 : 0),
    reply.answerCount ?? answers.length,
    authorities.length,
    additionals.length,
  );
  const records = [...answers, ...authorities, ...additionals].map(rawRecord);
  return Buffer.concat([header, asked, ...records]);
}

export function a(address: string, owner: Uint8Array = TO_QUESTION, ttl = 60): RawRecord {
  return { owner, type: TYPE.A, ttl, data: Buffer.from(address.split('.').map(Number)) };
}

export function cnameTo(target: string, owner: Uint8Array = TO_QUESTION, ttl = 60): RawRecord {
  return { owner, type: TYPE.CNAME, ttl, data: nameOf(target) };
}

export function soa(owner: string, minimum: number, ttl = minimum): RawRecord {
  const numbers = [1, 2, 3, 4, minimum].map(uint32);
  return {
    owner: nameOf(owner),
    type: TYPE.SOA,
    ttl,
    data: Buffer.concat([wireName('m'), wireName('r'), ...numbers]),
  };
}
