import { HEADER_LENGTH, readUint16 } from './wire.ts';

/**
 * How a datagram relates to the query. Decided from raw octets before anything is decoded, so that a flood of forged
 * datagrams costs almost nothing.
 *
 * - `reply`: id, QR, opcode and question match octet by octet, including the case of letters.
 * - `caseChanged`: all of that matches except the case: the server folds names, or a forger guessed the rest.
 * - `bareError`: an error that repeats no question, from a server that did not understand it.
 * - `stray`: anything else, such as a late reply to an earlier query.
 */
export type ReplyMatch = 'reply' | 'caseChanged' | 'bareError' | 'stray';

const QR = 0x8000;
const OPCODE = 0x7800;

/** FORMERR, SERVFAIL, NOTIMP, REFUSED: a server can send these without reading the question. */
const BARE_ERRORS: ReadonlySet<number> = new Set([1, 2, 4, 5]);

export function matchReply(query: Uint8Array, datagram: Uint8Array): ReplyMatch {
  if (datagram.length < HEADER_LENGTH || readUint16(datagram, 0) !== readUint16(query, 0)) return 'stray';
  const flags = readUint16(datagram, 2);
  if ((flags & QR) === 0 || (flags & OPCODE) !== 0) return 'stray';
  const questionCount = readUint16(datagram, 4);
  if (questionCount === 0 && BARE_ERRORS.has(flags & 0xf)) return 'bareError';
  if (questionCount !== 1) return 'stray';
  return matchQuestion(query, datagram);
}

/** A query spells its question without pointers, and so does any sane reply with its first name. */
function matchQuestion(query: Uint8Array, datagram: Uint8Array): ReplyMatch {
  const end = questionEnd(query);
  if (datagram.length < end) return 'stray';
  let match: ReplyMatch = 'reply';
  for (let at = HEADER_LENGTH; at < end; at += 1) {
    const sent = query[at] ?? 0;
    const received = datagram[at] ?? 0;
    if (sent === received) continue;
    // Length octets are smaller than any letter, so folding cannot confuse them. Type and class come last.
    if (at >= end - 4 || foldCase(sent) !== foldCase(received)) return 'stray';
    match = 'caseChanged';
  }
  return match;
}

function questionEnd(query: Uint8Array): number {
  let at = HEADER_LENGTH;
  while ((query[at] ?? 0) !== 0) at += (query[at] ?? 0) + 1;
  return at + 5;
}

function foldCase(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}
