import type { Hostname } from '../model/hostname.ts';
import type { DnsSettings } from '../model/target.ts';
import type { Clock } from '../time/clock.ts';
import { onAbort } from '../time/on-abort.ts';
import type { AskContext, NextExchange } from './attempt.ts';
import { freshUntilMs, type Lookup, type RememberedLookup } from './lookup.ts';
import { LookupState } from './lookup-state.ts';
import type { QueryType } from './message.ts';
import type { Flight, QueryCache, QuestionRecord } from './query-cache.ts';
import type { QueryQueue } from './query-queue.ts';
import { ServerRegistry } from './server-registry.ts';
import type { ServerView } from './server-view.ts';
import { additionalAddresses } from './srv-answers.ts';
import type { DnsTransport, TcpResult, UdpResult } from './transport.ts';

export interface CoordinatorContext extends AskContext {
  readonly transport: DnsTransport;
  readonly clock: Clock;
}

/** On whose behalf questions are put. */
export interface Asker {
  readonly settings: DnsSettings;
  readonly view: ServerView;
  /** The name that was asked for: its questions wait in line with each other, not with other names'. */
  readonly lane: string;
  readonly signal: AbortSignal;
}

/**
 * Where all questions come by. What is remembered is not asked, what is being asked is not asked twice, and
 * the rest waits its turn.
 */
export class QueryCoordinator {
  readonly #context: CoordinatorContext;
  readonly #cache: QueryCache;
  readonly #queue: QueryQueue;
  readonly #registry = new ServerRegistry();

  constructor(context: CoordinatorContext, cache: QueryCache, queue: QueryQueue) {
    this.#context = context;
    this.#cache = cache;
    this.#queue = queue;
  }

  /** With `service`, what the SRV reply of that service said of `name` will do as well. */
  ask(name: Hostname, type: QueryType, asker: Asker, service?: Hostname): Promise<RememberedLookup> {
    const viewKey = asker.view.key;
    const record = this.#cache.record(name, type, viewKey);
    const recalled =
      this.#recall(record, asker) ??
      (service && this.#recall(this.#cache.given(service, name, type, viewKey), asker));
    if (recalled !== undefined) {
      this.#context.counters.cacheHits += 1;
      return Promise.resolve(recalled);
    }
    if (asker.signal.aborted) return Promise.reject(asker.signal.reason);
    if (record.flight !== undefined) return this.#join(record.flight, name, record, asker);
    return this.#begin(name, record, asker);
  }

  #recall({ remembered }: QuestionRecord, { settings }: Asker): RememberedLookup | undefined {
    if (remembered === undefined) return undefined;
    return freshUntilMs(remembered, settings) > this.#context.clock.monotonicNow() ? remembered : undefined;
  }

  #join(flight: Flight, name: Hostname, record: QuestionRecord, asker: Asker): Promise<RememberedLookup> {
    this.#context.counters.shared += 1;
    const { signal } = asker;
    return new Promise((resolve, reject) => {
      const forget = onAbort(signal, () => reject(signal.reason));
      const settle = (action: () => void) => {
        forget();
        action();
      };
      flight.answer.then(
        (answer) => settle(() => resolve(answer)),
        (error) =>
          settle(() => {
            if (!flight.signal.aborted || signal.aborted) reject(error);
            // Whoever began has given up; the first of the others begins anew.
            else if (record.flight === undefined) resolve(this.#begin(name, record, asker));
            else resolve(this.#join(record.flight, name, record, asker));
          }),
      );
    });
  }

  #begin(name: Hostname, record: QuestionRecord, asker: Asker): Promise<RememberedLookup> {
    const place = this.#queue.enter(asker.view.key, asker.lane, asker.signal);
    if (place === false) return Promise.resolve(this.#remember(record, QUEUE_FULL));
    const answer = this.#askInTurn(name, record, place, asker);
    record.flight = { signal: asker.signal, answer };
    return answer;
  }

  async #askInTurn(
    name: Hostname,
    record: QuestionRecord,
    place: Promise<void> | true,
    { view, signal }: Asker,
  ): Promise<RememberedLookup> {
    const { transport, clock } = this.#context;
    let hasPlace = place === true;
    try {
      // In any case, so that what could end at once does not end before it is known to be under way.
      await place;
      hasPlace = true;
      const lookupState = new LookupState(
        { name, type: record.type },
        view.plan,
        this.#registry,
        this.#context,
      );
      for (;;) {
        const step = lookupState.next(clock.monotonicNow());
        if (step.do === 'end') return this.#takeDown(name, record, view, step.result);
        if (step.do === 'pause') await clock.sleep(step.durationMs, signal);
        else lookupState.take(await exchange(step.exchange, transport, signal), clock.monotonicNow());
      }
    } finally {
      record.flight = undefined;
      if (hasPlace) this.#queue.leave(view.key);
    }
  }

  #takeDown(name: Hostname, record: QuestionRecord, view: ServerView, lookup: Lookup): RememberedLookup {
    if (record.type === 'SRV' && lookup.kind === 'records') this.#rememberGiven(name, view, lookup);
    return this.#remember(record, lookup);
  }

  #rememberGiven(service: Hostname, view: ServerView, answer: Extract<Lookup, { kind: 'records' }>): void {
    for (const { host, type, lookup } of additionalAddresses(service, answer)) {
      this.#remember(this.#cache.given(service, host, type, view.key), lookup);
    }
  }

  #remember(record: QuestionRecord, lookup: Lookup): RememberedLookup {
    const failed = lookup.kind === 'unresolved';
    const failuresInARow = failed ? (record.remembered?.failuresInARow ?? 0) + 1 : 0;
    record.remembered = { lookup, atMs: this.#context.clock.monotonicNow(), failuresInARow };
    return record.remembered;
  }
}

function exchange(
  exchange: NextExchange,
  transport: DnsTransport,
  signal: AbortSignal,
): Promise<UdpResult | TcpResult> {
  return exchange.overTcp ? transport.exchangeTcp(exchange, signal) : transport.exchangeUdp(exchange, signal);
}

const QUEUE_FULL: Lookup = {
  kind: 'unresolved',
  reason: 'TooManyQueries',
  message: 'too many questions are waiting already',
};
