import type { KubeStream } from '../../../src/io/kube-retry.ts';
import { type ApiFault, failureIn } from './api-faults.ts';
import type { ApiReplicas } from './api-replicas.ts';
import type { Cluster } from './cluster.ts';
import type { EventLog } from './event-log.ts';
import type { RequestFate } from './request-fate.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimProcess } from './sim-process.ts';
import type { StaleReads } from './stale-reads.ts';
import { type Arrival, Arrivals } from './watch-arrivals.ts';

const CONNECT_TIMEOUT_MS = 10_000;

/** The parts of the world that serve watches. */
export interface WatchedWorld {
  readonly cluster: Cluster;
  readonly scheduler: Scheduler;
  readonly log: EventLog;
  readonly replicas: ApiReplicas;
  readonly staleReads: StaleReads;
}

/** The watches of one process: lines arrive late but in order, from a server that may lag, and connections break. */
export class WatchClient {
  readonly #process: SimProcess;
  readonly #cluster: Cluster;
  readonly #scheduler: Scheduler;
  readonly #log: EventLog;
  readonly #fate: RequestFate;
  readonly #replicas: ApiReplicas;

  constructor(process: SimProcess, { cluster, scheduler, log, replicas }: WatchedWorld, fate: RequestFate) {
    this.#process = process;
    this.#cluster = cluster;
    this.#scheduler = scheduler;
    this.#log = log;
    this.#fate = fate;
    this.#replicas = replicas;
  }

  open(path: string, signal: AbortSignal): Promise<KubeStream> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason);
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      const settle = (stream: KubeStream) =>
        this.#process.deliver(() => {
          signal.removeEventListener('abort', abort);
          resolve(stream);
        });
      if (this.#process.machine.cutOffFrom.has('api')) {
        this.#scheduler.in(CONNECT_TIMEOUT_MS, () => settle(lost()));
        return;
      }
      const fault = this.#fate.fault({ method: 'GET', path });
      if (fault !== undefined) this.#log.fault(`watch ${fault}`);
      this.#scheduler.in(this.#fate.latencyMs(), () => void this.#connect(path, fault, signal, settle));
    });
  }

  async #connect(
    path: string,
    fault: ApiFault | undefined,
    signal: AbortSignal,
    settle: (stream: KubeStream) => void,
  ): Promise<void> {
    if (fault === 'refusedConnection' || fault === 'droppedBefore' || fault === 'error503') {
      this.#scheduler.in(this.#fate.latencyMs(), () => settle(lost()));
      return;
    }
    const gone = new AbortController();
    const response = await this.#cluster.watch(path, gone.signal);
    if (response.kind === 'complete') {
      this.#scheduler.in(this.#fate.latencyMs(), () => settle({ ok: false, failure: failureIn(response) }));
      return;
    }
    const arrivals = new Arrivals(signal, this.#process, this.#scheduler, () =>
      gone.abort(new Error('the client is gone')),
    );
    this.#fate.onWatch(arrivals);
    this.#scheduler.in(this.#fate.latencyMs(), () => settle({ ok: true, chunks: arrivals }));
    void this.#carry(response.lines, arrivals);
  }

  /** Each line has a delay, and none overtakes another. */
  async #carry(lines: AsyncIterable<string>, arrivals: Arrivals): Promise<void> {
    let arrivesMs = 0;
    const replica = this.#replicas.of(this.#fate.replica());
    const deliver = (arrival: Arrival) => {
      arrivesMs = Math.max(arrivesMs, this.#scheduler.nowMs + this.#fate.latencyMs());
      this.#scheduler.in(arrivesMs - this.#scheduler.nowMs, () =>
        this.#process.deliver(() => {
          // A machine without connectivity receives nothing, not even an error.
          if (!this.#process.machine.cutOffFrom.has('api')) arrivals.push(arrival);
          else arrivals.silence();
        }),
      );
    };
    for await (const line of lines) {
      if (replica.take(() => deliver({ chunk: Buffer.from(line) }))) this.#log.fault('watch behind');
    }
    replica.take(() => deliver({ end: undefined }));
  }
}

function lost(): KubeStream {
  return {
    ok: false,
    failure: { reason: 'Unreachable', httpStatus: 0, message: 'other side closed', outcomeUnknown: false },
  };
}
