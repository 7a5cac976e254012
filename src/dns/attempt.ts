import type { Clock } from '../target/clock.ts';
import type { Random } from '../target/random.ts';
import type { DnsServerAddress } from '../target/target.ts';
import type { DnsCounters } from './counters.ts';
import { decodeReply, encodeQuery, type Question, type Reply } from './message.ts';
import { withRandomCase } from './name-case.ts';
import { matchReply, type ReplyMatch } from './reply-match.ts';
import type { UnresolvedReason } from './resolution.ts';
import type { ServerTraits } from './server-registry.ts';
import type { DnsTransport, TcpResult, UdpResult } from './transport.ts';

/** What asking needs besides the question. */
export interface AskContext {
  readonly transport: DnsTransport;
  readonly clock: Clock;
  readonly random: Random;
  readonly counters: DnsCounters;
}

/** How a query is put. What a server turns out not to stand is given up one by one. */
interface Manner {
  readonly overTcp: boolean;
  readonly edns: boolean;
  readonly mixedCase: boolean;
  /** What made TCP necessary; it tells what a failure there means. */
  readonly tcpBecause?: 'truncated' | 'caseChanged' | 'flooded';
}

export type AttemptResult =
  | { readonly ok: true; readonly reply: Reply }
  | { readonly ok: false; readonly reason: UnresolvedReason; readonly message: string };

type Step = AttemptResult | { readonly ok: 'again'; readonly manner: Manner };

/** UDP, without EDNS, TCP, without mixed case: each at most once, and a repetition of the first. */
const MAX_EXCHANGES = 5;

const RCODE = {
  noError: 0,
  formErr: 1,
  servFail: 2,
  nxDomain: 3,
  notImp: 4,
  refused: 5,
  badVers: 16,
} as const;

/**
 * One try at one server: as many exchanges as it takes to find the manner of asking that it understands,
 * all of them within `timeoutMs`. `traits` is what is known of the server, and learns.
 */
export async function askServer(
  question: Question,
  server: DnsServerAddress,
  settings: { readonly timeoutMs: number; readonly forceTcp: boolean },
  traits: ServerTraits,
  context: AskContext,
  signal: AbortSignal,
): Promise<AttemptResult> {
  const deadlineMs = context.clock.monotonicNow() + settings.timeoutMs;
  let manner: Manner = { overTcp: settings.forceTcp, edns: traits.edns, mixedCase: traits.mixedCase };
  for (let exchange = 0; exchange < MAX_EXCHANGES; exchange += 1) {
    const timeoutMs = deadlineMs - context.clock.monotonicNow();
    if (timeoutMs <= 0) return noReplyInTime(settings.timeoutMs);
    const step = manner.overTcp
      ? await overTcp(question, server, timeoutMs, manner, context, signal)
      : await overUdp(question, server, timeoutMs, manner, context, signal);
    if (step.ok !== 'again') return step;
    if (!step.manner.edns && manner.edns) {
      context.counters.withoutEdns += 1;
      traits.edns = false;
    }
    if (step.manner.tcpBecause === 'caseChanged') traits.mixedCase = false;
    manner = step.manner;
  }
  return { ok: false, reason: 'MalformedAnswer', message: 'the server rejects every manner of asking' };
}

async function overUdp(
  question: Question,
  server: DnsServerAddress,
  timeoutMs: number,
  manner: Manner,
  context: AskContext,
  signal: AbortSignal,
): Promise<Step> {
  const { counters } = context;
  const query = putQuestion(question, manner, context);
  let match: ReplyMatch = 'stray';
  const judge = (datagram: Uint8Array): boolean => {
    match = matchReply(query, datagram);
    if (match === 'stray') counters.strays += 1;
    return match !== 'stray';
  };
  const result: UdpResult = await context.transport.exchangeUdp({ server, query, timeoutMs, judge }, signal);
  switch (result.outcome) {
    case 'received':
      return readUdpReply(result.message, match, manner, counters);
    case 'flooded':
      counters.floods += 1;
      // A stranger who forges replies cannot finish a TCP handshake in the server's name.
      return { ok: 'again', manner: { ...manner, overTcp: true, tcpBecause: 'flooded' } };
    default:
      return noReply(result, timeoutMs, counters);
  }
}

function readUdpReply(message: Uint8Array, match: ReplyMatch, manner: Manner, counters: DnsCounters): Step {
  if (match === 'caseChanged' && manner.mixedCase) {
    counters.caseChanged += 1;
    return { ok: 'again', manner: { ...manner, overTcp: true, tcpBecause: 'caseChanged' } };
  }
  // The TC bit stands in the header: a reply cut in the middle of a record may not be readable at all.
  if (((message[2] ?? 0) & 0x02) !== 0) {
    counters.truncated += 1;
    return { ok: 'again', manner: { ...manner, overTcp: true, tcpBecause: 'truncated' } };
  }
  return readReply(message, manner, counters);
}

async function overTcp(
  question: Question,
  server: DnsServerAddress,
  timeoutMs: number,
  manner: Manner,
  context: AskContext,
  signal: AbortSignal,
): Promise<Step> {
  const { counters } = context;
  const query = putQuestion(question, manner, context);
  counters.tcpQueries += 1;
  const result = await context.transport.exchangeTcp({ server, query, timeoutMs }, signal);
  if (result.outcome === 'received') {
    if (matchReply(query, result.message) === 'stray') {
      counters.strays += 1;
      return { ok: false, reason: 'MalformedAnswer', message: 'answered another question over TCP' };
    }
    if (((result.message[2] ?? 0) & 0x02) !== 0) return truncated('truncated over TCP as well');
    return readReply(result.message, manner, counters);
  }
  return tcpFailure(result, timeoutMs, manner, counters);
}

function tcpFailure(
  result: Exclude<TcpResult, { outcome: 'received' }>,
  timeoutMs: number,
  manner: Manner,
  counters: DnsCounters,
): Step {
  if (manner.tcpBecause === 'caseChanged') {
    // A server that folds names and has no TCP: all that is left is to ask it in the letters that it sends back.
    return { ok: 'again', manner: { overTcp: false, edns: manner.edns, mixedCase: false } };
  }
  switch (result.outcome) {
    case 'tooLong':
      return truncated(`the reply over TCP is ${result.announcedBytes} bytes long, too many to read`);
    case 'cutShort':
      return truncated('the connection ended within the reply over TCP');
    default: {
      const failure = noReply(result, timeoutMs, counters);
      return manner.tcpBecause === 'truncated'
        ? truncated(`truncated over UDP, and over TCP: ${failure.message}`)
        : failure;
    }
  }
}

function putQuestion(question: Question, manner: Manner, context: AskContext): Uint8Array {
  context.counters.queries += 1;
  return encodeQuery({
    wireName: manner.mixedCase ? withRandomCase(question.name, context.random) : question.name,
    type: question.type,
    id: context.random.integer(0x1_0000),
    edns: manner.edns,
  });
}

function readReply(message: Uint8Array, manner: Manner, counters: DnsCounters): Step {
  const reply = decodeReply(message);
  if ('malformed' in reply) {
    counters.malformed += 1;
    return { ok: false, reason: 'MalformedAnswer', message: reply.malformed };
  }
  switch (reply.rcode) {
    case RCODE.noError:
      return isLame(reply)
        ? {
            ok: false,
            reason: 'QueryRefused',
            message: 'does not answer for this name, it only refers elsewhere',
          }
        : { ok: true, reply };
    case RCODE.nxDomain:
      return { ok: true, reply };
    case RCODE.formErr:
    case RCODE.notImp:
    case RCODE.badVers:
      return manner.edns
        ? { ok: 'again', manner: { ...manner, edns: false } }
        : { ok: false, reason: 'ServerFailure', message: `answers ${rcodeName(reply.rcode)}` };
    case RCODE.refused:
      return { ok: false, reason: 'QueryRefused', message: 'answers REFUSED' };
    default:
      return { ok: false, reason: 'ServerFailure', message: `answers ${rcodeName(reply.rcode)}` };
  }
}

/**
 * An empty answer of a server that neither has authority nor recurses says nothing about the name
 * (RFC 2308 §2.2 calls it a referral). Taken for NODATA it would remove addresses.
 */
function isLame(reply: Reply): boolean {
  if (reply.answers.length > 0 || reply.authoritative || reply.negativeTtlSeconds !== undefined) return false;
  return reply.referral || !reply.recursionAvailable;
}

function noReply(
  result: Extract<UdpResult, { outcome: 'timeout' | 'unreachable' }>,
  timeoutMs: number,
  counters: DnsCounters,
): Extract<AttemptResult, { ok: false }> {
  if (result.outcome === 'timeout') {
    counters.timeouts += 1;
    return noReplyInTime(timeoutMs);
  }
  counters.unreachable += 1;
  return { ok: false, reason: 'ServerUnreachable', message: result.code };
}

function noReplyInTime(timeoutMs: number): Extract<AttemptResult, { ok: false }> {
  return { ok: false, reason: 'QueryTimeout', message: `no reply within ${Math.round(timeoutMs)}ms` };
}

function truncated(message: string): Extract<AttemptResult, { ok: false }> {
  return { ok: false, reason: 'TruncatedAnswer', message };
}

function rcodeName(rcode: number): string {
  return { 1: 'FORMERR', 2: 'SERVFAIL', 4: 'NOTIMP', 16: 'BADVERS' }[rcode] ?? `RCODE ${rcode}`;
}
