import type { ApiFailure, Fence } from '../cluster/object-store.ts';
import type { Clock } from '../time/clock.ts';

/** One HTTP request to the API server. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
  /** Waits for no other: leadership must not be lost because there is much to write. */
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

/** An answer that goes on: its bytes as they come. */
export type KubeStream =
  | { readonly ok: true; readonly chunks: AsyncIterable<Uint8Array> }
  | { readonly ok: false; readonly failure: ApiFailure };

/** Whoever brings a request to the API server and its answer back: never rejects but with `signal.reason`. */
export interface KubeSender {
  send(request: KubeRequest, signal: AbortSignal): Promise<KubeAnswer>;
  /** A GET whose answer has no end. */
  stream(path: string, signal: AbortSignal): Promise<KubeStream>;
}

export interface RetryOptions {
  readonly clock: Clock;
  /** Tries in all of a request that the server was too busy for, or that is safe to repeat. */
  readonly attempts: number;
  /** The server refused the credentials: the next try reads them again. */
  readonly renewCredentials: () => void;
}

/** Sends, and sends again where that is safe: after 429 and after a refused credential always, else for reads. */
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

/** Nothing is sent any more. */
export function heldBack({ fence }: KubeRequest): KubeAnswer | undefined {
  const failure = fence?.();
  return failure === undefined ? undefined : { ok: false, failure };
}

function mayRepeat(request: KubeRequest, failure: ApiFailure): boolean {
  if (failure.reason === 'TooManyRequests') return true;
  if (request.method !== 'GET') return false;
  return failure.reason === 'Unreachable' || failure.reason === 'Timeout' || failure.httpStatus >= 500;
}

/** What the server asks for, else 0.2, 0.4, 0.8 s; never more than half a minute. */
function pauseBefore(attempt: number, failure: ApiFailure): number {
  return Math.min(failure.retryAfterMs ?? 100 * 2 ** attempt, 30_000);
}
