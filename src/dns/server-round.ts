import type { DnsServerAddress } from '../model/target.ts';
import { jittered } from '../time/random.ts';
import { type AskContext, Attempt, type NextExchange } from './attempt.ts';
import type { AttemptResult } from './exchange-verdict.ts';
import type { Question } from './message.ts';
import { UNRESOLVED_REASONS, type UnresolvedReason } from './resolution.ts';
import { type ServerRegistry, serverKey } from './server-registry.ts';
import type { TcpResult, UdpResult } from './transport.ts';

/** The servers to query, and how often. */
export interface ServerPlan {
  readonly servers: readonly DnsServerAddress[];
  /** The time-out of one try at one server. */
  readonly timeoutMs: number;
  /** The number of tries over all servers. */
  readonly attempts: number;
  readonly rotate: boolean;
  readonly forceTcp: boolean;
}

/** The next step towards a result. */
export type NextStep<T> =
  | { readonly do: 'exchange'; readonly exchange: NextExchange }
  | { readonly do: 'pause'; readonly durationMs: number }
  | { readonly do: 'end'; readonly result: T };

/** The pause before the same question goes again to a server whose answer was not usable. Doubles with each round. */
const FIRST_PAUSE_MS = 100;

type Failure = Extract<AttemptResult, { ok: false }>;

/** Sends one question to one server after the other until one answers or the tries are used up. */
export class ServerRound {
  readonly #question: Question;
  readonly #plan: ServerPlan;
  readonly #registry: ServerRegistry;
  readonly #context: AskContext;
  readonly #order: readonly DnsServerAddress[];
  #tries = 0;
  #paused = false;
  #current: { readonly server: DnsServerAddress; readonly attempt: Attempt } | undefined;
  #failures: Map<DnsServerAddress, Failure> | undefined;
  #success: AttemptResult | undefined;

  constructor(
    question: Question,
    plan: ServerPlan,
    registry: ServerRegistry,
    context: AskContext,
    nowMs: number,
  ) {
    this.#question = question;
    this.#plan = plan;
    this.#registry = registry;
    this.#context = context;
    this.#order = registry.order(plan.servers, plan.rotate, nowMs);
  }

  next(nowMs: number): NextStep<AttemptResult> {
    if (this.#success !== undefined) return { do: 'end', result: this.#success };
    if (this.#current === undefined) {
      const server = this.#nextServer();
      if (server === undefined) return { do: 'end', result: this.#summary() };
      const durationMs = this.#pauseBefore(server);
      this.#paused = durationMs > 0;
      if (durationMs > 0) return { do: 'pause', durationMs };
      this.#tries += 1;
      const traits = this.#registry.traits(server, nowMs);
      const attempt = new Attempt(this.#question, server, this.#plan, traits, this.#context, nowMs);
      this.#current = { server, attempt };
    }
    return { do: 'exchange', exchange: this.#current.attempt.next(nowMs) };
  }

  take(exchanged: UdpResult | TcpResult, nowMs: number): void {
    if (this.#current === undefined) throw new Error('a result came before a query was sent');
    const { server, attempt } = this.#current;
    const result = attempt.take(exchanged, nowMs);
    if (result === undefined) return;
    this.#current = undefined;
    this.#registry.report(server, result.ok || isSignOfLife(result.reason), nowMs);
    if (result.ok) this.#success = result;
    else this.#failures = (this.#failures ?? new Map()).set(server, result);
  }

  /** A server that refused will refuse again, because that is its configuration. */
  #nextServer(): DnsServerAddress | undefined {
    for (; this.#tries < this.#plan.attempts; this.#tries += 1) {
      const server = this.#order[this.#tries % this.#order.length];
      if (server === undefined || this.#failures?.get(server)?.reason !== 'QueryRefused') return server;
    }
    return undefined;
  }

  #pauseBefore(server: DnsServerAddress): number {
    const failure = this.#failures?.get(server);
    if (failure === undefined || failure.reason === 'QueryTimeout' || this.#paused) return 0;
    const round = Math.floor(this.#tries / this.#order.length);
    return jittered(FIRST_PAUSE_MS * 2 ** Math.min(round - 1, 5), 0.2, this.#context.random);
  }

  #summary(): Failure {
    const failures = [...(this.#failures ?? [])];
    // If every server failed in another way, the reason that says most counts.
    const reason = UNRESOLVED_REASONS.find((each) => failures.some(([, failure]) => failure.reason === each));
    if (reason === undefined) {
      return { ok: false, reason: 'NoServers', message: 'no DNS server is configured' };
    }
    const message = failures
      .map(([server, failure]) => `${serverKey(server)}: ${failure.message}`)
      .join('; ');
    return { ok: false, reason, message };
  }
}

function isSignOfLife(reason: UnresolvedReason): boolean {
  return reason !== 'QueryTimeout' && reason !== 'ServerUnreachable';
}
