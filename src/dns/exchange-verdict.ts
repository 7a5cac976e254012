import type { DnsCounters } from './counters.ts';
import { decodeReply, type Reply } from './message.ts';
import type { ReplyMatch } from './reply-match.ts';
import type { UnresolvedReason } from './resolution.ts';
import type { DnsExchange, TcpResult, UdpResult } from './transport.ts';

/** How a query is sent. Features that the server does not support are dropped one by one. */
export interface QueryMode {
  readonly overTcp: boolean;
  readonly edns: boolean;
  readonly mixedCase: boolean;
  /** Why TCP was needed. This decides what a failure over TCP means. */
  readonly tcpBecause?: 'truncated' | 'caseChanged' | 'flooded';
}

/** The result of a try at one server. */
export type AttemptResult =
  | { readonly ok: true; readonly reply: Reply }
  | { readonly ok: false; readonly reason: UnresolvedReason; readonly message: string };

/** The result of one exchange, or a mode in which to ask the same server again. */
export type ExchangeVerdict = AttemptResult | { readonly ok: 'again'; readonly mode: QueryMode };

type Failure = Extract<AttemptResult, { ok: false }>;

interface FinishedExchange extends DnsExchange {
  /** The name of the question: lower case, no trailing dot. */
  readonly name: string;
  /** How the last received message was recognised. */
  readonly match: ReplyMatch;
}

const RCODE = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  badVers: 16,
} as const;

export function verdictOfUdp(
  result: UdpResult,
  exchange: FinishedExchange,
  mode: QueryMode,
  counters: DnsCounters,
): ExchangeVerdict {
  switch (result.outcome) {
    case 'received':
      break;
    case 'flooded':
      counters.floods += 1;
      // A forger cannot complete a TCP handshake in the server's name.
      return againOverTcp(mode, 'flooded');
    default:
      return noReply(result, exchange, counters);
  }
  if (exchange.match === 'caseChanged' && mode.mixedCase) {
    counters.caseChanged += 1;
    return againOverTcp(mode, 'caseChanged');
  }
  if (isTruncated(result.message)) {
    counters.truncated += 1;
    return againOverTcp(mode, 'truncated');
  }
  return verdictOfReply(result.message, exchange.name, mode, counters);
}

function againOverTcp(mode: QueryMode, tcpBecause: NonNullable<QueryMode['tcpBecause']>): ExchangeVerdict {
  return { ok: 'again', mode: { ...mode, overTcp: true, tcpBecause } };
}

export function verdictOfTcp(
  result: TcpResult,
  exchange: FinishedExchange,
  mode: QueryMode,
  counters: DnsCounters,
): ExchangeVerdict {
  if (result.outcome !== 'received') return verdictOfTcpFailure(result, exchange, mode, counters);
  if (!exchange.accepts(result.message)) {
    return { ok: false, reason: 'MalformedAnswer', message: 'answered another question over TCP' };
  }
  if (isTruncated(result.message)) return truncated('truncated over TCP as well');
  return verdictOfReply(result.message, exchange.name, mode, counters);
}

function verdictOfTcpFailure(
  result: Exclude<TcpResult, { outcome: 'received' }>,
  exchange: FinishedExchange,
  mode: QueryMode,
  counters: DnsCounters,
): ExchangeVerdict {
  if (mode.tcpBecause === 'caseChanged') {
    // A server that folds names and has no TCP. The only way left is to ask in lower case.
    return { ok: 'again', mode: { overTcp: false, edns: mode.edns, mixedCase: false } };
  }
  switch (result.outcome) {
    case 'tooLong':
      return truncated(`the reply over TCP is ${result.announcedBytes} bytes long, too many to read`);
    case 'cutShort':
      return truncated('the connection ended within the reply over TCP');
    default: {
      const failure = noReply(result, exchange, counters);
      if (mode.tcpBecause !== 'truncated') return failure;
      return truncated(`truncated over UDP, and over TCP: ${failure.message}`);
    }
  }
}

function verdictOfReply(
  message: Uint8Array,
  name: string,
  mode: QueryMode,
  counters: DnsCounters,
): ExchangeVerdict {
  const reply = decodeReply(message, name);
  if ('malformed' in reply) {
    counters.malformed += 1;
    return { ok: false, reason: 'MalformedAnswer', message: reply.malformed };
  }
  switch (reply.rcode) {
    case RCODE.noError:
      return isLame(reply)
        ? refusal('does not answer for this name, it only refers elsewhere')
        : { ok: true, reply };
    case RCODE.nxDomain:
      return { ok: true, reply };
    case RCODE.formErr:
    case RCODE.notImp:
    case RCODE.badVers:
      if (mode.edns) return { ok: 'again', mode: { ...mode, edns: false } };
      break;
    case RCODE.refused:
      return refusal('answers REFUSED');
  }
  return { ok: false, reason: 'ServerFailure', message: `answers ${rcodeName(reply.rcode)}` };
}

/**
 * An empty answer of a server that is not authoritative and does not recurse says nothing about the name (RFC 2308
 * §2.2 calls it a referral). If it counted as NODATA it would remove addresses.
 */
function isLame(reply: Reply): boolean {
  if (reply.answers.length > 0 || reply.authoritative || reply.negativeTtlSeconds !== undefined) return false;
  return reply.referral || !reply.recursionAvailable;
}

/** The TC bit is in the header. A reply that was cut within a record may not be readable at all. */
function isTruncated(message: Uint8Array): boolean {
  return ((message[2] ?? 0) & 0x02) !== 0;
}

function noReply(
  result: Extract<UdpResult, { outcome: 'timeout' | 'unreachable' }>,
  { timeoutMs }: DnsExchange,
  counters: DnsCounters,
): Failure {
  if (result.outcome === 'timeout') {
    counters.timeouts += 1;
    return { ok: false, reason: 'QueryTimeout', message: `no reply within ${Math.round(timeoutMs)}ms` };
  }
  counters.unreachable += 1;
  const words = UNREACHABLE_WORDS[result.code];
  const message = words === undefined ? result.code : `${words} (${result.code})`;
  return { ok: false, reason: 'ServerUnreachable', message };
}

const UNREACHABLE_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'no program listens there',
  ECONNRESET: 'the connection was reset',
  ENETUNREACH: 'there is no route to it',
  EHOSTUNREACH: 'the host cannot be reached',
  EACCES: 'this machine does not permit it',
  EPERM: 'this machine does not permit it',
  EMFILE: 'this process has no more sockets',
  ENFILE: 'this machine has no more sockets',
};

function refusal(message: string): Failure {
  return { ok: false, reason: 'QueryRefused', message };
}

function truncated(message: string): Failure {
  return { ok: false, reason: 'TruncatedAnswer', message };
}

function rcodeName(rcode: number): string {
  return { 1: 'FORMERR', 2: 'SERVFAIL', 4: 'NOTIMP', 16: 'BADVERS' }[rcode] ?? `RCODE ${rcode}`;
}
