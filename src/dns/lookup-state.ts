import { readAnswer } from './answer.ts';
import type { AskContext } from './attempt.ts';
import type { AttemptResult } from './exchange-verdict.ts';
import type { Lookup } from './lookup.ts';
import type { Question } from './message.ts';
import type { ServerRegistry } from './server-registry.ts';
import { type NextStep, type ServerPlan, ServerRound } from './server-round.ts';
import type { TcpResult, UdpResult } from './transport.ts';

/**
 * One question with its CNAME chain. If a chain leads into a zone that the server does not serve, the reply ends
 * there, and the next name needs a query of its own. Like its parts it does no I/O: it says what to send, and takes
 * the results.
 */
export class LookupState {
  readonly #question: Question;
  readonly #plan: ServerPlan;
  readonly #registry: ServerRegistry;
  readonly #context: AskContext;
  readonly #passed: string[] = [];
  #chainTtlSeconds = Number.POSITIVE_INFINITY;
  #asking: Question;
  #round: ServerRound | undefined;

  constructor(question: Question, plan: ServerPlan, registry: ServerRegistry, context: AskContext) {
    this.#question = question;
    this.#plan = plan;
    this.#registry = registry;
    this.#context = context;
    this.#asking = question;
  }

  next(nowMs: number): NextStep<Lookup> {
    for (;;) {
      this.#round ??= new ServerRound(this.#asking, this.#plan, this.#registry, this.#context, nowMs);
      const step = this.#round.next(nowMs);
      if (step.do !== 'end') return step;
      const result = this.#read(step.result);
      if (result !== undefined) return { do: 'end', result };
      this.#round = undefined;
    }
  }

  take(result: UdpResult | TcpResult, nowMs: number): void {
    if (this.#round === undefined) throw new Error('a result came before a query was sent');
    this.#round.take(result, nowMs);
  }

  /** Undefined if the chain goes on. */
  #read(asked: AttemptResult): Lookup | undefined {
    const asking = this.#asking;
    if (!asked.ok) return unresolved(asking, asked.reason, asked.message);
    const answer = readAnswer(asking, asked.reply, this.#passed);
    switch (answer.kind) {
      case 'records': {
        const ttlSeconds = Math.min(this.#chainTtlSeconds, answer.ttlSeconds);
        const { additionals } = asked.reply;
        return { kind: 'records', records: answer.records, additionals, ttlSeconds };
      }
      case 'noData':
      case 'nameNotFound': {
        const ttlSeconds = Math.min(this.#chainTtlSeconds, answer.ttlSeconds);
        const words = answer.kind === 'noData' ? `has no ${asking.type} record` : 'does not exist';
        return { kind: answer.kind, ttlSeconds, message: `${asking.name} ${words}` };
      }
      case 'chainTooLong':
        return unresolved(this.#question, 'ChainTooLong', answer.message);
      case 'contradiction':
        this.#context.counters.malformed += 1;
        return unresolved(asking, 'MalformedAnswer', answer.message);
      case 'alias':
        this.#chainTtlSeconds = Math.min(this.#chainTtlSeconds, answer.ttlSeconds);
        this.#asking = { name: answer.target, type: this.#question.type };
        return undefined;
    }
  }
}

function unresolved(
  question: Question,
  reason: Extract<Lookup, { kind: 'unresolved' }>['reason'],
  message: string,
): Lookup {
  return { kind: 'unresolved', reason, message: `${question.name} ${question.type}: ${message}` };
}
