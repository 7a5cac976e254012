import type { CompleteResponse } from '../../../src/embedded/apiserver/request.ts';
import {
  type KubeAnswer,
  type KubeRequest,
  type KubeSender,
  type KubeStream,
  sendWithRetries,
} from '../../../src/io/kube-retry.ts';
import type { ReferenceHealth } from '../checks/reference-health.ts';
import {
  type ApiFault,
  answerInstead,
  CONNECTION_LOST,
  failureIn,
  isWrite,
  NO_ANSWER,
  TIMED_OUT,
} from './api-faults.ts';
import type { Cluster } from './cluster.ts';
import type { EventLog } from './event-log.ts';
import type { DeathAt, RequestFate } from './request-fate.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimProcess } from './sim-process.ts';
import type { StaleReads } from './stale-reads.ts';
import { WatchClient, type WatchedWorld } from './watch-client.ts';

/** As the product's transport has them. */
const CLIENT_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;
const ATTEMPTS = 4;

const ANSWERED_WITHIN_MS = 1_000;

/** A request that is delayed for longer would arrive when the world is at rest and its processes have ended. */
const LATEST_ARRIVAL_MS = 240_000;

/** One process's connection to the API server. The product's own code repeats requests and reads answers. */
export class ApiClient implements KubeSender {
  requestCount = 0;
  readonly #process: SimProcess;
  readonly #cluster: Cluster;
  readonly #scheduler: Scheduler;
  readonly #log: EventLog;
  readonly #fate: RequestFate;
  readonly #watches: WatchClient;
  readonly #staleReads: StaleReads;

  constructor(process: SimProcess, world: WatchedWorld, fate: RequestFate) {
    const { cluster, scheduler, log, staleReads } = world;
    this.#process = process;
    this.#cluster = cluster;
    this.#scheduler = scheduler;
    this.#log = log;
    this.#fate = fate;
    this.#staleReads = staleReads;
    this.#watches = new WatchClient(process, world, fate);
  }

  send(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    const options = { clock: this.#process.clock, attempts: ATTEMPTS, renewCredentials: () => undefined };
    // A repeated request belongs to the decision of its first attempt.
    const knew = isWrite(request) ? this.#fate.knowledge() : undefined;
    return sendWithRetries(request, (each, until) => this.#sendOnce(each, knew, until), options, signal);
  }

  stream(path: string, signal: AbortSignal): Promise<KubeStream> {
    return this.#watches.open(path, signal);
  }

  #sendOnce(
    request: KubeRequest,
    knew: ReferenceHealth | undefined,
    signal: AbortSignal,
  ): Promise<KubeAnswer> {
    this.requestCount += 1;
    this.#fate.onRequest(1);
    this.#fate.onSend(request);
    return new Promise((resolve, reject) => {
      let over = false;
      const end = () => {
        over = true;
        timeout.cancel();
        signal.removeEventListener('abort', abort);
        this.#fate.onRequest(-1);
      };
      const abort = () => {
        end();
        reject(signal.reason);
      };
      const answer = (answered: KubeAnswer) =>
        this.#process.deliver(() => {
          if (over) return;
          end();
          this.#fate.onAnswer(request, answered);
          resolve(answered);
        });
      const timeout = this.#scheduler.in(CLIENT_TIMEOUT_MS, () => answer(NO_ANSWER));
      if (signal.aborted) {
        abort();
        return;
      }
      signal.addEventListener('abort', abort, { once: true });
      this.#travel(request, knew, answer);
    });
  }

  #travel(
    request: KubeRequest,
    knew: ReferenceHealth | undefined,
    answer: (answered: KubeAnswer) => void,
  ): void {
    const fate = this.#fate;
    const death = isWrite(request) && this.#process.alive ? fate.death(request) : undefined;
    if (death === 'beforeWrite') {
      this.#die(request, death);
      return;
    }
    if (this.#process.machine.cutOffFrom.has('api')) {
      this.#scheduler.in(CONNECT_TIMEOUT_MS, () => answer(CONNECTION_LOST));
      return;
    }
    const fault = fate.fault(request);
    if (fault !== undefined) this.#log.fault(`api ${fault}`);
    const slowMs = fault === 'slow' ? 500 + fate.latencyMs() * 500 : 0;
    const lateMs =
      fault === 'lateArrival' ? Math.min(CLIENT_TIMEOUT_MS + fate.latencyMs() * 2_000, LATEST_ARRIVAL_MS) : 0;
    const arrives = this.#cluster.expect();
    const sentMs = this.#scheduler.nowMs;
    this.#scheduler.in(fate.latencyMs() + slowMs + lateMs, () => {
      // By then its answer has arrived too, and a process that it kills is dead.
      this.#scheduler.in(ANSWERED_WITHIN_MS, arrives);
      const instead = answerInstead(fault);
      if (instead !== undefined) {
        if (isWrite(request)) this.#report(request, `not done (${fault})`);
        this.#scheduler.in(fate.latencyMs(), () => answer(instead));
        return;
      }
      this.#perform(request, { fault, death, knew, sentMs }, answer);
    });
    if (death === 'duringWrite') this.#die(request, death);
  }

  #perform(
    request: KubeRequest,
    { fault, death, knew, sentMs }: Circumstance,
    answer: (answered: KubeAnswer) => void,
  ): void {
    const writer = {
      kind: 'worker',
      process: this.#process,
      sentMs,
      ...(knew === undefined ? {} : { knew }),
    } as const;
    const served =
      fault === 'staleRead'
        ? this.#staleReads.served(request.path, this.#fate.latencyMs() * 1_000)
        : undefined;
    const { method, contentType, body } = request;
    const sent = { method, path: typeof served === 'string' ? served : request.path, contentType, body };
    const handled =
      typeof served === 'object'
        ? Promise.resolve(served)
        : this.#cluster.handle(sent, writer, new AbortController().signal);
    void handled.then((response) => {
      if (isWrite(request))
        this.#report(request, `${response.status}${fault === undefined ? '' : ` (${fault})`}`);
      else this.#log.note(`${this.#process.name} ${request.method} ${request.path} ${response.status}`);
      if (fault === 'noAnswer' || fault === 'lateArrival') return;
      this.#scheduler.in(this.#fate.latencyMs(), () => {
        answer(answerAfter(fault, response));
        if (death === 'afterWrite') this.#scheduler.in(0, () => this.#die(request, death));
      });
    });
  }

  #die(request: KubeRequest, when: DeathAt): void {
    if (!this.#process.alive) return;
    this.#log.fault(`killed ${when}`);
    this.#report(request, `KILLED ${when}`);
    this.#process.kill();
  }

  #report(request: KubeRequest, outcome: string): void {
    const [path = ''] = request.path.split('?');
    // The renewals of the lease, one in two seconds, are left out of the story.
    if (outcome === '200' && path.includes('/leases/')) {
      this.#log.note(`${this.#process.name} renews`);
      return;
    }
    this.#log.tell(this.#process.name, `${request.method} ${shortPath(path)} ${outcome}`);
  }
}

/** The faults of one request. */
interface Circumstance {
  readonly fault: ApiFault | undefined;
  readonly death: DeathAt | undefined;
  readonly sentMs: number;
  readonly knew: ReferenceHealth | undefined;
}

function answerAfter(fault: ApiFault | undefined, response: CompleteResponse): KubeAnswer {
  if (fault === 'timeoutAfterCommit') return TIMED_OUT;
  if (fault === 'droppedAfter') return CONNECTION_LOST;
  if (response.status >= 200 && response.status < 300) {
    return { ok: true, httpStatus: response.status, body: String(response.body), warnings: [] };
  }
  return { ok: false, failure: failureIn(response) };
}

/** `services/NS/NAME`: a path in short, for a story. */
function shortPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  const at = parts.indexOf('namespaces');
  const [namespace = '', resource = '', name = ''] = parts.slice(at + 1);
  return at < 0 ? path : `${resource} ${namespace}/${name}`;
}
