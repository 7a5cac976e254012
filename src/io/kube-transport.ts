import type { KubeConfig } from '@kubernetes/client-node';
import type { Dispatcher } from 'undici';
import type { ApiFailure } from '../sync/object-store.ts';
import type { Clock } from '../target/clock.ts';
import { failureOf, unreachable } from './kube-failure.ts';
import {
  type KubeAnswer,
  type KubeRequest,
  type KubeSender,
  type KubeStream,
  sendWithRetries,
} from './kube-retry.ts';
import { KubeSessions } from './kube-session.ts';

export interface KubeTransportSettings {
  /** Connections, and so requests under way, at most. */
  readonly connections: number;
  /** Of one try. */
  readonly timeoutMs: number;
  /** Tries in all of a request that the server was too busy for, or that is safe to repeat. */
  readonly attempts: number;
}

export const DEFAULT_TRANSPORT_SETTINGS: KubeTransportSettings = {
  connections: 16,
  timeoutMs: 30_000,
  attempts: 4,
};

/** Requests to one API server: bounded in number, in time and in tries. */
export class KubeTransport implements KubeSender {
  private readonly clock: Clock;
  private readonly settings: KubeTransportSettings;
  private readonly origin: string;
  private readonly sessions: KubeSessions;
  /** Requests sent, counting each try: what a pass costs the API server. */
  requestCount = 0;
  /** Told of every answer; status 0 when none came. */
  onAnswer: (method: KubeRequest['method'], httpStatus: number) => void = () => undefined;

  constructor(config: KubeConfig, clock: Clock, settings = DEFAULT_TRANSPORT_SETTINGS) {
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new Error('the kubeconfig names no cluster');
    this.sessions = new KubeSessions(config, clock, settings.connections);
    this.clock = clock;
    this.settings = settings;
    this.origin = cluster.server.replace(/\/+$/, '');
  }

  send(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    const { clock, settings, sessions } = this;
    const renewCredentials = () => sessions.expire();
    const sendOnce = async (each: KubeRequest, until: AbortSignal) => {
      const answer = await this.sendOnce(each, until);
      this.onAnswer(each.method, answer.ok ? answer.httpStatus : answer.failure.httpStatus);
      return answer;
    };
    return sendWithRetries(
      request,
      sendOnce,
      { clock, attempts: settings.attempts, renewCredentials },
      signal,
    );
  }

  /** A GET whose answer has no end, tried once (twice when the credential was refused). */
  async stream(path: string, signal: AbortSignal): Promise<KubeStream> {
    const stream = await this.streamOnce(path, signal);
    if (stream.ok || stream.failure.reason !== 'Unauthorized') return stream;
    this.sessions.expire();
    return this.streamOnce(path, signal);
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await this.sessions.close();
  }

  private async sendOnce(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer> {
    signal.throwIfAborted();
    const timeout = AbortSignal.timeout(this.settings.timeoutMs);
    try {
      const session = await this.sessions.current();
      this.requestCount += 1;
      const response = await session.dispatcher.request({
        ...this.addressOf(request.path),
        method: request.method,
        headers: {
          accept: 'application/json',
          ...session.headers,
          ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
        },
        body: request.body ?? null,
        signal: AbortSignal.any([signal, timeout]),
      });
      if (!isSuccess(response)) return { ok: false, failure: await failureIn(response) };
      return {
        ok: true,
        httpStatus: response.statusCode,
        body: await response.body.text(),
        warnings: warningsIn(response.headers.warning),
      };
    } catch (error) {
      signal.throwIfAborted();
      return {
        ok: false,
        failure: unreachable(error, timeout.aborted ? this.settings.timeoutMs : undefined),
      };
    }
  }

  private async streamOnce(path: string, signal: AbortSignal): Promise<KubeStream> {
    signal.throwIfAborted();
    try {
      const session = await this.sessions.current();
      this.requestCount += 1;
      const response = await session.watchDispatcher.request({
        ...this.addressOf(path),
        method: 'GET',
        headers: { accept: 'application/json', ...session.headers },
        signal,
      });
      this.onAnswer('GET', response.statusCode);
      if (!isSuccess(response)) return { ok: false, failure: await failureIn(response) };
      return { ok: true, chunks: response.body };
    } catch (error) {
      signal.throwIfAborted();
      return { ok: false, failure: unreachable(error, undefined) };
    }
  }

  private addressOf(path: string): { readonly origin: string; readonly path: string } {
    const url = new URL(this.origin + path);
    return { origin: url.origin, path: url.pathname + url.search };
  }
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

/** `299 - "text"`, quoted as RFC 7234 §5.5 has it. */
function warningsIn(header: string | string[] | undefined): string[] {
  const text = header === undefined ? '' : Array.isArray(header) ? header.join(', ') : header;
  return [...text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] ?? '').replace(/\\(.)/g, '$1'),
  );
}
