import type { ApiFailure, ApiFailureReason } from '../cluster/object-store.ts';

/** What an HTTP answer of the API server that is not a success means. */
export interface ErrorAnswer {
  readonly httpStatus: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
}

/** `metav1.Status`, as far as we read it. */
interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly kind?: string;
    readonly causes?: readonly { readonly reason?: string; readonly field?: string }[];
    readonly retryAfterSeconds?: number;
  };
}

/** Long enough for a validation message, short enough for a log line: some bodies are whole HTML pages. */
const MAX_MESSAGE_LENGTH = 500;

export function failureOf(answer: ErrorAnswer): ApiFailure {
  const status = parseStatus(answer.body);
  const retryAfterSeconds = Number(answer.retryAfter ?? status?.details?.retryAfterSeconds);
  const message = status?.message ?? answer.body.trim();
  return {
    reason: reasonOf(answer.httpStatus, status),
    httpStatus: answer.httpStatus,
    message: message === '' ? `HTTP ${answer.httpStatus}` : message.slice(0, MAX_MESSAGE_LENGTH),
    // 504 may come after the write was committed (`filters/timeout.go:59`); a proxy's 502 or 503 says nothing either.
    outcomeUnknown: answer.httpStatus >= 502,
    ...(Number.isFinite(retryAfterSeconds) ? { retryAfterMs: Math.max(0, retryAfterSeconds) * 1000 } : {}),
  };
}

/** Nothing was sent, because there is nothing to show for who is asking. */
export function noCredentials(error: unknown): ApiFailure {
  const message = `no credentials: ${messageOf(error as Error)
    .trim()
    .slice(0, MAX_MESSAGE_LENGTH)}`;
  return { reason: 'CredentialsUnavailable', httpStatus: 0, message, outcomeUnknown: false };
}

/** No answer, for that error; `timeoutMs` when that was too long to wait. */
export function unreachable(error: unknown, timeoutMs: number | undefined): ApiFailure {
  const cause = error as Error & { code?: string };
  if (cause.code === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return tooLarge();
  return {
    reason: timeoutMs === undefined ? 'Unreachable' : 'Timeout',
    httpStatus: 0,
    message: timeoutMs === undefined ? messageOf(cause) : `no answer within ${timeoutMs} ms`,
    outcomeUnknown: cause.code !== 'ECONNREFUSED' && cause.code !== 'ENOTFOUND',
  };
}

/** It came, and would come again: whoever asks for it must ask for less. */
function tooLarge(): ApiFailure {
  const message = 'the answer is larger than anything that is taken';
  return { reason: 'ServerError', httpStatus: 0, message, outcomeUnknown: true };
}

function messageOf(error: Error & { code?: string }): string {
  // An AggregateError (every address of a name refused) has an empty message.
  if (error instanceof AggregateError) return error.errors.map((each: Error) => each.message).join('; ');
  return error.message === '' ? (error.code ?? error.name) : error.message;
}

/** API priority and fairness answers 429 in plain text (`priority-and-fairness.go:377`): then there is none. */
function parseStatus(body: string): Status | undefined {
  if (!body.startsWith('{')) return undefined;
  try {
    return asStatus(JSON.parse(body) as Unchecked<Status>);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

type Unchecked<T> = { readonly [K in keyof T]?: unknown };

/** Proxies answer in JSON of their own, where the same names may hold anything. */
function asStatus({ message, reason, details }: Unchecked<Status>): Status {
  const { kind, causes, retryAfterSeconds } = (details ?? {}) as Unchecked<NonNullable<Status['details']>>;
  return {
    ...(typeof message === 'string' ? { message } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
    details: {
      ...(typeof kind === 'string' ? { kind } : {}),
      ...(typeof retryAfterSeconds === 'number' ? { retryAfterSeconds } : {}),
      causes: Array.isArray(causes) ? causes.filter((cause) => typeof cause?.reason === 'string') : [],
    },
  };
}

function reasonOf(httpStatus: number, status: Status | undefined): ApiFailureReason {
  const causes = new Set((status?.details?.causes ?? []).map((cause) => cause.reason));
  switch (httpStatus) {
    case 401:
      return 'Unauthorized';
    case 403:
      return causes.has('NamespaceTerminating') ? 'NamespaceTerminating' : 'Forbidden';
    case 404:
      return status?.details?.kind === 'namespaces' ? 'NamespaceNotFound' : 'NotFound';
    case 409:
      if (causes.has('FieldManagerConflict')) return 'FieldConflict';
      return status?.reason === 'AlreadyExists' ? 'AlreadyExists' : 'Conflict';
    case 410:
      return 'Expired';
    case 422:
      // Another object bears the name by now: a change in between, however the API server files it.
      return status?.details?.causes?.some(({ field }) => field === 'metadata.uid') ? 'Conflict' : 'Invalid';
    case 429:
      return 'TooManyRequests';
    case 504:
      return 'Timeout';
    default:
      return httpStatus >= 500 ? 'ServerError' : 'Rejected';
  }
}
