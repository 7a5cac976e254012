import type { DnsServerAddress } from '../model/target.ts';
import type { Random } from '../time/random.ts';
import { withoutDot } from './answer.ts';
import type { DnsCounters } from './counters.ts';
import {
  type AttemptResult,
  type ExchangeVerdict,
  type QueryMode,
  verdictOfTcp,
  verdictOfUdp,
} from './exchange-verdict.ts';
import { encodeQuery, type Question } from './message.ts';
import { mixCase } from './name-case.ts';
import { matchReply, type ReplyMatch } from './reply-match.ts';
import type { ServerTraits } from './server-registry.ts';
import type { DnsExchange, TcpResult, UdpResult } from './transport.ts';

/** The ports of an attempt. */
export interface AskContext {
  readonly random: Random;
  readonly counters: DnsCounters;
}

/** A message to send, and its transport. */
export interface NextExchange extends DnsExchange {
  readonly overTcp: boolean;
}

/** The modes: UDP, without EDNS, TCP, without mixed case; each at most once, and one repetition of the first. */
const MAX_EXCHANGES = 5;

/**
 * One try at one server. It makes as many exchanges as needed to find a mode that the server understands, all within
 * `timeoutMs`. It does no I/O: {@link next} says what to send, and {@link take} takes the result. It updates
 * `traits`, which hold what is known of the server.
 */
export class Attempt {
  readonly #question: Question;
  readonly #server: DnsServerAddress;
  readonly #traits: ServerTraits;
  readonly #context: AskContext;
  readonly #deadlineMs: number;
  #mode: QueryMode;
  #exchange: OneExchange | undefined;
  #exchanges = 0;

  constructor(
    question: Question,
    server: DnsServerAddress,
    settings: { readonly timeoutMs: number; readonly forceTcp: boolean },
    traits: ServerTraits,
    context: AskContext,
    nowMs: number,
  ) {
    this.#question = question;
    this.#server = server;
    this.#traits = traits;
    this.#context = context;
    this.#deadlineMs = nowMs + settings.timeoutMs;
    this.#mode = { overTcp: settings.forceTcp, edns: traits.edns, mixedCase: traits.mixedCase };
  }

  next(nowMs: number): NextExchange {
    const { random, counters } = this.#context;
    const { overTcp, edns, mixedCase } = this.#mode;
    const query = encodeQuery(this.#question, random.integer(0x1_0000), edns);
    if (mixedCase) mixCase(query, random);
    counters.queries += 1;
    if (overTcp) counters.tcpQueries += 1;
    this.#exchanges += 1;
    this.#exchange = new OneExchange(
      this.#server,
      withoutDot(this.#question.name),
      query,
      this.#deadlineMs - nowMs,
      overTcp,
      counters,
    );
    return this.#exchange;
  }

  /** Undefined: the try is not over; call {@link next}. */
  take(result: UdpResult | TcpResult, nowMs: number): AttemptResult | undefined {
    if (this.#exchange === undefined) throw new Error('a result came before a query was sent');
    const verdict = this.#verdictOf(result, this.#exchange);
    // Nobody else can have changed the letters over TCP, so the server itself folds names.
    if (this.#exchange.overTcp && this.#exchange.match === 'caseChanged') this.#traits.mixedCase = false;
    if (verdict.ok !== 'again') return verdict;
    this.#learn(verdict.mode);
    this.#mode = verdict.mode;
    if (nowMs >= this.#deadlineMs) {
      return { ok: false, reason: 'QueryTimeout', message: 'no useful reply in time' };
    }
    if (this.#exchanges < MAX_EXCHANGES) return undefined;
    return { ok: false, reason: 'MalformedAnswer', message: 'the server rejects every way of asking' };
  }

  #verdictOf(result: UdpResult | TcpResult, exchange: OneExchange): ExchangeVerdict {
    const { counters } = this.#context;
    return exchange.overTcp
      ? verdictOfTcp(result as TcpResult, exchange, this.#mode, counters)
      : verdictOfUdp(result as UdpResult, exchange, this.#mode, counters);
  }

  #learn(next: QueryMode): void {
    if (this.#mode.edns && !next.edns) {
      this.#context.counters.withoutEdns += 1;
      this.#traits.edns = false;
    }
    if (this.#mode.mixedCase && !next.mixedCase) this.#traits.mixedCase = false;
  }
}

/** One query in flight. Recognises its reply, and remembers how well the reply matched. */
class OneExchange implements NextExchange {
  match: ReplyMatch = 'stray';
  readonly server: DnsServerAddress;
  readonly name: string;
  readonly query: Uint8Array;
  readonly timeoutMs: number;
  readonly overTcp: boolean;
  readonly #counters: DnsCounters;

  constructor(
    server: DnsServerAddress,
    name: string,
    query: Uint8Array,
    timeoutMs: number,
    overTcp: boolean,
    counters: DnsCounters,
  ) {
    this.server = server;
    this.name = name;
    this.query = query;
    this.timeoutMs = timeoutMs;
    this.overTcp = overTcp;
    this.#counters = counters;
  }

  accepts(message: Uint8Array): boolean {
    this.match = matchReply(this.query, message);
    if (this.match === 'stray') this.#counters.strays += 1;
    return this.match !== 'stray';
  }
}
