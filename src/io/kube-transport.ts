import type { KubeConfig } from '@kubernetes/client-node';
import type { ApiFailure } from '../sync/object-store.ts';
import type { Clock } from '../target/clock.ts';
import { failureOf } from './kube-failure.ts';
import { type KubeAnswer, type KubeRequest, type KubeSender, sendWithRetries } from './kube-retry.ts';
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
    const sendOnce = (each: KubeRequest, until: AbortSignal) => this.sendOnce(each, until);
    return sendWithRetries(
      request,
      sendOnce,
      { clock, attempts: settings.attempts, renewCredentials },
      signal,
    );
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
      const url = new URL(this.origin + request.path);
      const response = await session.dispatcher.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method,
        headers: {
          accept: 'application/json',
          ...session.headers,
          ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
        },
        body: request.body ?? null,
        signal: AbortSignal.any([signal, timeout]),
      });
      const body = await response.body.text();
      if (response.statusCode >= 200 && response.statusCode < 300) {
        return {
          ok: true,
          httpStatus: response.statusCode,
          body,
          warnings: warningsIn(response.headers.warning),
        };
      }
      const retryAfter = response.headers['retry-after'];
      return {
        ok: false,
        failure: failureOf({
          httpStatus: response.statusCode,
          body,
          retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
        }),
      };
    } catch (error) {
      signal.throwIfAborted();
      return {
        ok: false,
        failure: unreachable(error, timeout.aborted ? this.settings.timeoutMs : undefined),
      };
    }
  }
}

function unreachable(error: unknown, timeoutMs: number | undefined): ApiFailure {
  const cause = error as Error & { code?: string };
  return {
    reason: timeoutMs === undefined ? 'Unreachable' : 'Timeout',
    httpStatus: 0,
    message: timeoutMs === undefined ? messageOf(cause) : `no answer within ${timeoutMs} ms`,
    outcomeUnknown: cause.code !== 'ECONNREFUSED' && cause.code !== 'ENOTFOUND',
  };
}

function messageOf(error: Error & { code?: string }): string {
  // An AggregateError (every address of a name refused) has an empty message.
  if (error instanceof AggregateError) return error.errors.map((each: Error) => each.message).join('; ');
  return error.message === '' ? (error.code ?? error.name) : error.message;
}

/** `299 - "text"`, quoted as RFC 7234 §5.5 has it. */
function warningsIn(header: string | string[] | undefined): string[] {
  const text = header === undefined ? '' : Array.isArray(header) ? header.join(', ') : header;
  return [...text.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map((match) =>
    (match[1] ?? '').replace(/\\(.)/g, '$1'),
  );
}
