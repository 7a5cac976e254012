import type { KubeConfig } from '@kubernetes/client-node';
import type { Dispatcher } from 'undici';
import type { ApiFailure, ApiFailureReason } from '../cluster/object-store.ts';
import type { Clock } from '../time/clock.ts';
import { deadlineAfter } from '../time/deadline.ts';
import { orAborted } from '../time/on-abort.ts';
import { AdaptiveLimit } from './adaptive-limit.ts';
import { failureOf, noCredentials, unreachable } from './kube-failure.ts';
import type { PoolLimits } from './kube-pool.ts';
import {
  heldBack,
  type KubeAnswer,
  type KubeRequest,
  type KubeSender,
  type KubeStream,
  sendWithRetries,
} from './kube-retry.ts';
import { type KubeSession, KubeSessions } from './kube-session.ts';
import { systemClock } from './system-clock.ts';

export interface KubeTransportLimits extends PoolLimits {
  /** The time-out of one try. */
  readonly timeoutMs: number;
  /** The number of tries of a request that is safe to repeat, or that the server was too busy for. */
  readonly attempts: number;
}

export const DEFAULT_TRANSPORT_LIMITS: KubeTransportLimits = {
  connections: 16,
  // Our own objects are small; a page of 500 slices of others is not.
  maxResponseBytes: 256 * 1024 * 1024,
  timeoutMs: 30_000,
  attempts: 4,
};

/** Sends requests to one API server, with limits on their number, time and tries. */
export class KubeTransport implements KubeSender {
  readonly #clock: Clock;
  readonly #limits: KubeTransportLimits;
  readonly #userAgent: string;
  readonly #sessions: KubeSessions;
  /** Writes in flight: as many as the API server can take, at most one for each connection. */
  readonly #writes: AdaptiveLimit;
  /** The number of requests sent, each try included: the cost of a pass for the API server. */
  requestCount = 0;
  /** Called with every answer; status 0 if none came. */
  onAnswer: (method: KubeRequest['method'], httpStatus: number) => void = () => undefined;

  /** @param options.load reads the kubeconfig; called again after its credentials were rejected. */
  constructor(options: {
    readonly load: () => KubeConfig;
    readonly clock: Clock;
    readonly userAgent: string;
    readonly limits?: KubeTransportLimits;
  }) {
    this.#clock = options.clock;
    this.#limits = options.limits ?? DEFAULT_TRANSPORT_LIMITS;
    this.#userAgent = options.userAgent;
    this.#sessions = new KubeSessions(options.load, options.clock, this.#limits);
    this.#writes = new AdaptiveLimit(this.#limits.connections);
  }

  send(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    let used: KubeSession | undefined;
    const sendOnce = (each: KubeRequest, until: AbortSignal) =>
      this.#inSession(until, async (session) => {
        used = session;
        const answer = await this.#sendIn(session, each, until);
        this.onAnswer(each.method, answer.ok ? answer.httpStatus : answer.failure.httpStatus);
        return answer;
      });
    const renewCredentials = () => {
      if (used !== undefined) this.#sessions.expire(used);
    };
    const clock = this.#clock;
    const limits = this.#limits;
    const writes = this.#writes;
    const sendInTurn = (each: KubeRequest, until: AbortSignal) =>
      each.method === 'GET' || each.isUrgent === true
        ? sendOnce(each, until)
        : writes.run(async () => heldBack(each) ?? sendOnce(each, until), loadIn, until);
    return sendWithRetries(
      request,
      sendInTurn,
      { clock, attempts: limits.attempts, renewCredentials },
      signal,
    );
  }

  /** A GET with an answer without an end. Tried once, or twice if the credential was rejected. */
  async stream(path: string, signal: AbortSignal): Promise<KubeStream> {
    const streamOnce = () =>
      this.#inSession(signal, async (session): Promise<KubeStream> => {
        const stream = await this.#streamIn(session, path, signal);
        if (!stream.ok && stream.failure.reason === 'Unauthorized') this.#sessions.expire(session);
        return stream;
      });
    const stream = await streamOnce();
    return stream.ok || stream.failure.reason !== 'Unauthorized' ? stream : streamOnce();
  }

  /** Ends every connection; requests in flight fail. */
  close(): void {
    this.#sessions.close();
  }

  /** Credentials may come from a plugin that is slow or fails. That is not a failure of the API server. */
  async #inSession<T>(
    signal: AbortSignal,
    work: (session: KubeSession) => Promise<T>,
  ): Promise<T | { readonly ok: false; readonly failure: ApiFailure }> {
    let session: KubeSession;
    try {
      // A plugin cannot be stopped.
      session = await orAborted(this.#sessions.current(), signal);
    } catch (error) {
      signal.throwIfAborted();
      return { ok: false, failure: noCredentials(error) };
    }
    this.requestCount += 1;
    return work(session);
  }

  async #sendIn(session: KubeSession, request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    // In real time like the socket. The injected clock is for the pauses between tries.
    const deadline = deadlineAfter(this.#limits.timeoutMs, systemClock, NO_ANSWER, signal);
    const contentType = request.contentType === undefined ? {} : { 'content-type': request.contentType };
    try {
      const dispatcher = request.isUrgent === true ? session.watchDispatcher : session.dispatcher;
      const sending = dispatcher.request({
        ...this.#addressOf(request.path),
        method: request.method,
        headers: { ...this.#headersFor(session), ...contentType },
        body: request.body ?? null,
        signal: deadline.signal,
      });
      // undici cannot be stopped while it connects. It does not send a request whose signal has aborted by then.
      const response = await orAborted(sending, deadline.signal);
      if (!isSuccess(response)) return { ok: false, failure: await failureIn(response) };
      return {
        ok: true,
        httpStatus: response.statusCode,
        body: await response.body.text(),
        warnings: warningsIn(response.headers.warning),
      };
    } catch (error) {
      signal.throwIfAborted();
      const isLate = deadline.signal.aborted;
      return { ok: false, failure: unreachable(error, isLate ? this.#limits.timeoutMs : undefined) };
    } finally {
      await deadline.end();
    }
  }

  async #streamIn(session: KubeSession, path: string, signal: AbortSignal): Promise<KubeStream> {
    try {
      const sending = session.watchDispatcher.request({
        ...this.#addressOf(path),
        method: 'GET',
        headers: this.#headersFor(session),
        signal,
      });
      const response = await orAborted(sending, signal);
      this.onAnswer('GET', response.statusCode);
      if (!isSuccess(response)) return { ok: false, failure: await failureIn(response) };
      return { ok: true, chunks: response.body };
    } catch (error) {
      signal.throwIfAborted();
      return { ok: false, failure: unreachable(error, undefined) };
    }
  }

  #headersFor(session: KubeSession): Record<string, string> {
    return { accept: 'application/json', 'user-agent': this.#userAgent, ...session.headers };
  }

  #addressOf(path: string): { readonly origin: string; readonly path: string } {
    const url = new URL(this.#sessions.server + path);
    return { origin: url.origin, path: url.pathname + url.search };
  }
}

const NO_ANSWER = new Error('no answer in time');

const OVERLOAD: ReadonlySet<ApiFailureReason> = new Set<ApiFailureReason>(['TooManyRequests', 'Timeout']);

/** The load of the API server as far as an answer shows it. */
function loadIn(answer: KubeAnswer): 'wentWell' | 'tooMuch' | 'saysNothing' {
  if (answer.ok) return 'wentWell';
  const { reason, httpStatus } = answer.failure;
  if (OVERLOAD.has(reason) || httpStatus === 503) return 'tooMuch';
  return httpStatus >= 400 && httpStatus < 500 ? 'wentWell' : 'saysNothing';
}

function isSuccess({ statusCode }: Dispatcher.ResponseData): boolean {
  return statusCode >= 200 && statusCode < 300;
}

async function failureIn(response: Dispatcher.ResponseData): Promise<ApiFailure> {
  const retryAfter = response.headers['retry-after'];
  return failureOf({
    httpStatus: response.statusCode,
    body: await response.body.text(),
    retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
  });
}

/** `299 - "text"`, quoted as in RFC 7234 §5.5. */
function warningsIn(header: string | string[] | undefined): string[] {
  const text = header === undefined ? '' : Array.isArray(header) ? header.join(', ') : header;
  return [...text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] ?? '').replace(/\\(.)/g, '$1'),
  );
}
