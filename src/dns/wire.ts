/**
 * The skeleton of a DNS message: where each record starts and ends. All counts, lengths and pointers of a reply are
 * checked against its octets here (RFC 1035 §4.1), before any record is read.
 */
export interface Skeleton {
  readonly id: number;
  readonly flags: number;
  readonly questionCount: number;
  /** The end of the question section. */
  readonly questionEnd: number;
  readonly answers: readonly WireRecord[];
  readonly authorities: readonly WireRecord[];
  readonly additionals: readonly WireRecord[];
}

export interface WireRecord {
  readonly ownerAt: number;
  readonly type: number;
  readonly class: number;
  /** The four octets as sent; an OPT record uses them for other fields. */
  readonly ttl: number;
  readonly dataAt: number;
  readonly dataLength: number;
}

export const HEADER_LENGTH = 12;

/** The least length of a record: root name, type, class, TTL and RDLENGTH. */
const MIN_RECORD_LENGTH = 11;

/** RFC 1035 §2.3.4. The same limit ends every chain of pointers. */
const MAX_NAME_OCTETS = 255;
const MAX_POINTERS = 126;

/** Undefined if the message is malformed: too short, or a count, a length or a name runs past its end. */
export function readSkeleton(bytes: Uint8Array): Skeleton | undefined {
  if (bytes.length < HEADER_LENGTH) return undefined;
  const questionCount = readUint16(bytes, 4);
  const questionEnd = skipQuestions(bytes, questionCount);
  if (questionEnd === undefined) return undefined;
  const answers = readSection(bytes, questionEnd, readUint16(bytes, 6));
  const authorities = answers && readSection(bytes, endOf(answers, questionEnd), readUint16(bytes, 8));
  if (answers === undefined || authorities === undefined) return undefined;
  const additionalsAt = endOf(authorities, endOf(answers, questionEnd));
  const additionals = readSection(bytes, additionalsAt, readUint16(bytes, 10));
  if (additionals === undefined) return undefined;
  const flags = readUint16(bytes, 2);
  return { id: readUint16(bytes, 0), flags, questionCount, questionEnd, answers, authorities, additionals };
}

const NO_RECORDS: readonly WireRecord[] = [];

function readSection(bytes: Uint8Array, at: number, count: number): readonly WireRecord[] | undefined {
  if (count === 0) return NO_RECORDS;
  // A false count is detected before anything is allocated for it.
  if (count * MIN_RECORD_LENGTH > bytes.length - at) return undefined;
  const records = new Array<WireRecord>(count);
  let cursor = at;
  for (let index = 0; index < count; index += 1) {
    const record = readRecord(bytes, cursor);
    if (record === undefined) return undefined;
    records[index] = record;
    cursor = record.dataAt + record.dataLength;
  }
  return records;
}

function endOf(section: readonly WireRecord[], startAt: number): number {
  const last = section.at(-1);
  return last === undefined ? startAt : last.dataAt + last.dataLength;
}

function skipQuestions(bytes: Uint8Array, count: number): number | undefined {
  let at = HEADER_LENGTH;
  for (let index = 0; index < count; index += 1) {
    const nameEnd = skipName(bytes, at);
    if (nameEnd === undefined || nameEnd + 4 > bytes.length) return undefined;
    at = nameEnd + 4;
  }
  return at;
}

function readRecord(bytes: Uint8Array, ownerAt: number): WireRecord | undefined {
  const nameEnd = skipName(bytes, ownerAt);
  if (nameEnd === undefined || nameEnd + 10 > bytes.length) return undefined;
  const dataLength = readUint16(bytes, nameEnd + 8);
  const dataAt = nameEnd + 10;
  if (dataAt + dataLength > bytes.length) return undefined;
  return {
    ownerAt,
    type: readUint16(bytes, nameEnd),
    class: readUint16(bytes, nameEnd + 2),
    ttl: readUint32(bytes, nameEnd + 4),
    dataAt,
    dataLength,
  };
}

/** The offset after the name at `at`. Its pointers are not followed. */
function skipName(bytes: Uint8Array, at: number): number | undefined {
  let cursor = at;
  while (cursor < bytes.length && cursor - at < MAX_NAME_OCTETS) {
    const length = bytes[cursor] ?? 0;
    if (length === 0) return cursor + 1;
    if (length >= 0xc0) return cursor + 2 <= bytes.length ? cursor + 2 : undefined;
    if (length > 63) return undefined;
    cursor += length + 1;
  }
  return undefined;
}

export interface WireName {
  /** Lower case, labels joined by dots, no trailing dot; the root is empty. */
  readonly text: string;
  /** The offset after the name itself, not after the names that its pointers lead to. */
  readonly end: number;
}

/**
 * Reads the name at `at` with its pointers. They may only lead backwards (RFC 1035 §4.1.4: to a *prior* occurrence), so
 * there is no loop.
 *
 * Octets that no hostname has become `\DDD` (RFC 4343 §2.1). Otherwise a label with a dot or a NUL in it would read like
 * another name; poisoned answers have passed resolvers in that way.
 */
export function readName(bytes: Uint8Array, at: number): WireName | undefined {
  let cursor = at;
  let end: number | undefined;
  let barrier = at;
  let octets = 1;
  let pointers = 0;
  let written = 0;
  while (cursor < bytes.length) {
    const length = bytes[cursor] ?? 0;
    if (length === 0) return { text: SPELLED.toString('latin1', 0, written), end: end ?? cursor + 1 };
    if (length >= 0xc0) {
      pointers += 1;
      const target = readUint16(bytes, cursor) & 0x3fff;
      if (cursor + 2 > bytes.length || target >= barrier || pointers > MAX_POINTERS) return undefined;
      end ??= cursor + 2;
      cursor = target;
      barrier = target;
      continue;
    }
    octets += length + 1;
    if (length > 63 || octets > MAX_NAME_OCTETS || cursor + 1 + length > bytes.length) return undefined;
    if (written > 0) SPELLED[written++] = DOT;
    written = spellLabel(bytes, cursor + 1, cursor + 1 + length, written);
    cursor += length + 1;
  }
  return undefined;
}

/** The buffer in which a name becomes text; an octet takes up to four characters. */
const SPELLED = Buffer.alloc(4 * MAX_NAME_OCTETS);
const DOT = 0x2e;
const BACKSLASH = 0x5c;
const ZERO = 0x30;

/** For each octet: its lower-case letter, digit, `-` or `_`; 0 if it must be escaped. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, octet) => {
  const character = String.fromCharCode(octet).toLowerCase();
  return /^[a-z0-9_-]$/.test(character) && octet < 0x80 ? character.charCodeAt(0) : 0;
});

function spellLabel(bytes: Uint8Array, from: number, to: number, writeAt: number): number {
  let written = writeAt;
  for (let at = from; at < to; at += 1) {
    const octet = bytes[at] ?? 0;
    const plain = PLAIN[octet] ?? 0;
    if (plain !== 0) SPELLED[written++] = plain;
    else {
      SPELLED[written++] = BACKSLASH;
      SPELLED[written++] = ZERO + Math.trunc(octet / 100);
      SPELLED[written++] = ZERO + (Math.trunc(octet / 10) % 10);
      SPELLED[written++] = ZERO + (octet % 10);
    }
  }
  return written;
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return readUint16(bytes, at) * 0x1_0000 + readUint16(bytes, at + 2);
}
