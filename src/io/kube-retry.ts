import type { ApiFailure, Fence } from '../cluster/object-store.ts';
import type { Clock } from '../time/clock.ts';

/** One HTTP request to the API server. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Includes the query. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
  /** Does not wait for others: many writes must not cost the leadership. */
  readonly isUrgent?: boolean;
  readonly fence?: Fence | undefined;
}

export type KubeAnswer =
  | {
      readonly ok: true;
      readonly httpStatus: number;
      readonly body: string;
      readonly warnings: readonly string[];
    }
  | { readonly ok: false; readonly failure: ApiFailure };

/** An answer without an end: its bytes as they come. */
export type KubeStream =
  | { readonly ok: true; readonly chunks: AsyncIterable<Uint8Array> }
  | { readonly ok: false; readonly failure: ApiFailure };

/** Sends requests to the API server. Rejects with `signal.reason` only. */
export interface KubeSender {
  send(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer>;
  /** A GET with an answer without an end. */
  stream(path: string, signal: AbortSignal): Promise<KubeStream>;
}

export interface RetryOptions {
  readonly clock: Clock;
  /** The number of tries of a request that is safe to repeat, or that the server was too busy for. */
  readonly attempts: number;
  /** Called when the server rejected the credentials, so that the next try reads them again. */
  readonly renewCredentials: () => void;
}

/** Sends, and repeats where that is safe: after 429 and after a rejected credential always, otherwise only reads. */
export async function sendWithRetries(
  request: KubeRequest,
  sendOnce: KubeSender['send'],
  { clock, attempts, renewCredentials }: RetryOptions,
  signal: AbortSignal,
): Promise<KubeAnswer> {
  let renewed = false;
  for (let attempt = 1; ; attempt++) {
    const answer = heldBack(request) ?? (await sendOnce(request, signal));
    if (answer.ok) return answer;
    const { failure } = answer;
    if (failure.reason === 'Unauthorized' && !renewed) {
      renewed = true;
      renewCredentials();
      continue;
    }
    if (attempt >= attempts || !mayRepeat(request, failure)) return answer;
    await clock.sleep(pauseBefore(attempt, failure), signal);
  }
}

/** The fence forbids the write. */
export function heldBack({ fence }: KubeRequest): KubeAnswer | undefined {
  const failure = fence?.();
  return failure === undefined ? undefined : { ok: false, failure };
}

function mayRepeat(request: KubeRequest, failure: ApiFailure): boolean {
  if (failure.reason === 'TooManyRequests') return true;
  if (request.method !== 'GET') return false;
  return failure.reason === 'Unreachable' || failure.reason === 'Timeout' || failure.httpStatus >= 500;
}

/** The pause that the server asks for, otherwise 0.2, 0.4, 0.8 s; at most half a minute. */
function pauseBefore(attempt: number, failure: ApiFailure): number {
  return Math.min(failure.retryAfterMs ?? 100 * 2 ** attempt, 30_000);
}
