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

/** The caller of a query. */
export interface Asker {
  readonly settings: DnsSettings;
  readonly view: ServerView;
  /** The name that was resolved. Its queries wait for each other, not for those of other names. */
  readonly lane: string;
  readonly signal: AbortSignal;
}

/**
 * All queries go through here. A cached answer needs no query, a query in flight is shared, and other queries wait
 * for a slot.
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

  /** With `service`, an address from the SRV reply of that service is good enough. */
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
      const finish = (action: () => void) => {
        forget();
        action();
      };
      flight.answer.then(
        (answer) => finish(() => resolve(answer)),
        (error) =>
          finish(() => {
            if (!flight.signal.aborted || signal.aborted) reject(error);
            // The caller that started the query has aborted. The first of the others starts it again.
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
      // Awaited in any case, so that the query is registered as in flight before it can end.
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
  message: 'too many queries are waiting already',
};
