import type { ApiFailure, ApiFailureReason } from '../cluster/object-store.ts';

/** The failure in an HTTP answer of the API server without success. */
export interface ErrorAnswer {
  readonly httpStatus: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
}

/** The fields of `metav1.Status` that are used. */
interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly kind?: string;
    readonly causes?: readonly { readonly reason?: string; readonly field?: string }[];
    readonly retryAfterSeconds?: number;
  };
}

/** Long enough for a validation message, short enough for a log line. Some bodies are whole HTML pages. */
const MAX_MESSAGE_LENGTH = 500;

export function failureOf(answer: ErrorAnswer): ApiFailure {
  const status = parseStatus(answer.body);
  const retryAfterSeconds = Number(answer.retryAfter ?? status?.details?.retryAfterSeconds);
  const message = status?.message ?? answer.body.trim();
  return {
    reason: reasonOf(answer.httpStatus, status),
    httpStatus: answer.httpStatus,
    message: message === '' ? `HTTP ${answer.httpStatus}` : message.slice(0, MAX_MESSAGE_LENGTH),
    // 504 may come after the write was committed (`filters/timeout.go:59`). A proxy's 502 or 503 leaves it open too.
    outcomeUnknown: answer.httpStatus >= 502,
    ...(Number.isFinite(retryAfterSeconds) ? { retryAfterMs: Math.max(0, retryAfterSeconds) * 1000 } : {}),
  };
}

/** Nothing was sent, because there are no credentials. */
export function noCredentials(error: unknown): ApiFailure {
  const message = `no credentials: ${messageOf(error as Error)
    .trim()
    .slice(0, MAX_MESSAGE_LENGTH)}`;
  return { reason: 'CredentialsUnavailable', httpStatus: 0, message, outcomeUnknown: false };
}

/** No answer because of that error; `timeoutMs` if it was a time-out. */
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

/** The answer came, and would be the same again. The caller must ask for less. */
function tooLarge(): ApiFailure {
  const message = 'the answer is larger than the limit';
  return { reason: 'ServerError', httpStatus: 0, message, outcomeUnknown: true };
}

function messageOf(error: Error & { code?: string }): string {
  // An AggregateError (every address of a name refused) has an empty message.
  if (error instanceof AggregateError) return error.errors.map((each: Error) => each.message).join('; ');
  return error.message === '' ? (error.code ?? error.name) : error.message;
}

/** API priority and fairness answers 429 in plain text (`priority-and-fairness.go:377`), without a Status. */
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

/** Proxies send JSON of their own, in which the same fields may hold anything. */
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
      // Another object has the name now. That is a conflict, whatever the API server calls it.
      return status?.details?.causes?.some(({ field }) => field === 'metadata.uid') ? 'Conflict' : 'Invalid';
    case 429:
      return 'TooManyRequests';
    case 504:
      return 'Timeout';
    default:
      return httpStatus >= 500 ? 'ServerError' : 'Rejected';
  }
}
