import { ApiServer, type ApiServerSettings } from '../../src/embedded/apiserver/api-server.ts';
import { EVERYTHING_ALLOWED } from '../../src/embedded/apiserver/auth.ts';
import { failureOf, unreachable } from '../../src/io/kube-failure.ts';
import {
  type KubeAnswer,
  type KubeRequest,
  type KubeSender,
  type KubeStream,
  sendWithRetries,
} from '../../src/io/kube-retry.ts';
import { KubeStore } from '../../src/io/kube-store.ts';
import type { Clock } from '../../src/time/clock.ts';
import { LinkedController } from '../../src/time/linked-controller.ts';
import { seededRandom } from './seeded-random.ts';

/** A fault of a request: no connection, no right, no answer, or an answer that is lost after the write. */
export type ClientFault = 'refused' | 'forbidden' | 'hangs' | 'answerLost';

/** The embedded API server without a socket, for tests that control time. */
export class InMemoryCluster {
  readonly server: ApiServer;
  readonly #clock: Clock;

  constructor(clock: Clock, settings: Pick<ApiServerSettings, 'serviceCidrs'> = {}) {
    this.#clock = clock;
    const user = { name: 'admin', groups: ['system:masters'], token: 'admin', rules: [EVERYTHING_ALLOWED] };
    this.server = new ApiServer({ clock, random: seededRandom(7), users: [user], ...settings });
  }

  newClient(): InMemoryClient {
    return new InMemoryClient(this.server, this.#clock);
  }
}

/** One process's connection to the server. */
export class InMemoryClient implements KubeSender {
  readonly store = new KubeStore(this);
  /** `METHOD path`, without queries, of what reached the server. */
  readonly requests: string[] = [];
  /** Called for every answer; status 0 when there was none. */
  onAnswer: (method: string, httpStatus: number) => void = () => undefined;
  fault: (request: KubeRequest) => ClientFault | undefined = () => undefined;
  readonly #server: ApiServer;
  readonly #clock: Clock;
  #streams = new Set<LinkedController>();

  constructor(server: ApiServer, clock: Clock) {
    this.#server = server;
    this.#clock = clock;
  }

  /** Breaks all open watches. */
  cut(): void {
    for (const stream of this.#streams) stream.abort(new Error('cut'));
  }

  send(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    const options = { clock: this.#clock, attempts: 4, renewCredentials: () => undefined };
    return sendWithRetries(request, (each, until) => this.#sendOnce(each, until), options, signal);
  }

  async stream(path: string, signal: AbortSignal): Promise<KubeStream> {
    const request = { method: 'GET', path } as const;
    const fault = this.fault(request);
    if (fault === 'refused') return { ok: false, failure: REFUSED };
    if (fault === 'forbidden') return { ok: false, failure: FORBIDDEN };
    if (fault !== undefined) await untilAborted(signal);
    const until = new LinkedController(signal);
    const response = await this.#handle(request, until.signal);
    if (response.kind !== 'watch') throw new Error(`no watch: ${JSON.stringify(response)}`);
    this.#streams.add(until);
    const leave = () => {
      until.unlink();
      this.#streams.delete(until);
    };
    return { ok: true, chunks: bytesOf(response.lines, until.signal, leave) };
  }

  async #sendOnce(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    signal.throwIfAborted();
    const fault = this.fault(request);
    if (fault === 'refused') {
      this.onAnswer(request.method, 0);
      return { ok: false, failure: REFUSED };
    }
    if (fault === 'forbidden') return { ok: false, failure: FORBIDDEN };
    if (fault === 'hangs') await untilAborted(signal);
    const response = await this.#handle(request, signal);
    if (fault === 'answerLost') await untilAborted(signal);
    if (response.kind !== 'complete') throw new Error(`no answer but a ${response.kind}`);
    const { status: httpStatus, headers } = response;
    this.onAnswer(request.method, httpStatus);
    const body = String(response.body);
    if (httpStatus < 300) return { ok: true, httpStatus, body, warnings: [] };
    return {
      ok: false,
      failure: failureOf({ httpStatus, body, retryAfter: headers['Retry-After'] as string }),
    };
  }

  #handle({ method, path, contentType = '', body = '' }: KubeRequest, signal: AbortSignal) {
    const [bare = '', query = ''] = path.split('?');
    this.requests.push(`${method} ${bare}`);
    const headers = {
      authorization: 'Bearer admin',
      'content-type': contentType,
      accept: 'application/json',
    };
    return this.#server.handle(
      { method, path: bare, query: new URLSearchParams(query), headers, body },
      signal,
    );
  }
}

const REFUSED = unreachable(
  Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }),
  undefined,
);

const FORBIDDEN = failureOf({ httpStatus: 403, body: 'not allowed', retryAfter: undefined });

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

async function* bytesOf(
  lines: AsyncIterable<string>,
  until: AbortSignal,
  leave: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const line of lines) yield Buffer.from(line);
    until.throwIfAborted();
  } finally {
    leave();
  }
}
