import type { DnsExchange, DnsTransport, TcpResult, UdpResult } from '../../../src/dns/transport.ts';
import type { DnsReactions, Reaction } from './dns-reactions.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimProcess } from './sim-process.ts';

/** The DNS network of a process: datagrams are delayed, lost and reordered. */
export class DnsServers {
  readonly #scheduler: Scheduler;
  readonly #reactions: DnsReactions;

  constructor(scheduler: Scheduler, reactions: DnsReactions) {
    this.#scheduler = scheduler;
    this.#reactions = reactions;
  }

  /** `onQuery` is called with +1 and -1 when a query begins and ends. */
  transportFor(process: SimProcess, onQuery: (change: 1 | -1) => void): DnsTransport {
    return {
      exchangeUdp: (exchange, signal) =>
        this.#exchange(exchange, false, process, onQuery, signal, (datagram) =>
          exchange.accepts(datagram) ? { outcome: 'received', message: datagram } : undefined,
        ),
      exchangeTcp: (exchange, signal) =>
        this.#exchange<TcpResult>(exchange, true, process, onQuery, signal, (message) => ({
          outcome: 'received',
          message,
        })),
    };
  }

  #exchange<Result extends UdpResult | TcpResult>(
    exchange: DnsExchange,
    overTcp: boolean,
    process: SimProcess,
    onQuery: (change: 1 | -1) => void,
    signal: AbortSignal,
    take: (datagram: Uint8Array) => Result | undefined,
  ): Promise<Result> {
    onQuery(1);
    return new Promise((resolve, reject) => {
      let over = false;
      const end = () => {
        if (over) return;
        over = true;
        onQuery(-1);
        timeout.cancel();
        signal.removeEventListener('abort', abort);
      };
      const abort = () => {
        end();
        reject(signal.reason);
      };
      const finish = (result: Result) => {
        if (over) return;
        end();
        resolve(result);
      };
      const timeout = this.#scheduler.in(exchange.timeoutMs, () =>
        process.deliver(() => finish({ outcome: 'timeout' } as Result)),
      );
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      if (process.machine.cutOffFrom.has('dns')) return;
      for (const { afterMs, datagram } of this.#ask(exchange, overTcp)) {
        this.#scheduler.in(afterMs, () =>
          process.deliver(() => {
            if (over) return;
            if (datagram === 'unreachable') {
              finish({ outcome: 'unreachable', code: 'ECONNREFUSED' } as Result);
              return;
            }
            const result = take(datagram);
            if (result !== undefined) finish(result);
          }),
        );
      }
    });
  }

  #ask({ server, query }: DnsExchange, overTcp: boolean): readonly Reaction[] {
    return this.#reactions.react(server.address, Buffer.from(query), overTcp);
  }
}
