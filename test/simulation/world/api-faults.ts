import type { ApiFailure } from '../../../src/cluster/object-store.ts';
import type { CompleteResponse } from '../../../src/embedded/apiserver/request.ts';
import { failureOf } from '../../../src/io/kube-failure.ts';
import type { KubeAnswer, KubeRequest } from '../../../src/io/kube-retry.ts';

/** The faults of a single request. */
export type ApiFault =
  | 'slow'
  /** In plain text with Retry-After, as API priority and fairness answers. */
  | 'tooMany'
  | 'conflict'
  | 'error500'
  | 'error503'
  /** The write succeeds, and the answer says that its outcome is unknown. */
  | 'timeoutAfterCommit'
  | 'timeoutBeforeCommit'
  | 'droppedBefore'
  | 'droppedAfter'
  /** Arrives at the server long after the client's timeout. */
  | 'lateArrival'
  | 'noAnswer'
  /** A read that returns old data. */
  | 'staleRead'
  | 'refusedConnection'
  | 'expiredToken';

export const API_FAULTS: readonly ApiFault[] = [
  'slow',
  'tooMany',
  'conflict',
  'error500',
  'error503',
  'timeoutAfterCommit',
  'timeoutBeforeCommit',
  'droppedBefore',
  'droppedAfter',
  'lateArrival',
  'noAnswer',
  'staleRead',
  'refusedConnection',
  'expiredToken',
];

export function isWrite(request: KubeRequest): boolean {
  return request.method !== 'GET' && !request.path.includes('dryRun=All');
}

/** Faults that keep the request from reaching the server. */
export function answerInstead(fault: ApiFault | undefined): KubeAnswer | undefined {
  switch (fault) {
    case 'tooMany':
      return refusal(429, 'Too many requests, please try again later.\n', '1');
    case 'conflict':
      return refusal(409, statusJson(409, 'Conflict', 'the object has been modified'));
    case 'error500':
      return refusal(500, statusJson(500, 'InternalError', 'Internal error occurred: simulated'));
    case 'error503':
      return refusal(503, 'service unavailable\n');
    case 'timeoutBeforeCommit':
      return TIMED_OUT;
    case 'droppedBefore':
      return CONNECTION_LOST;
    case 'refusedConnection':
      return unreachable('connect ECONNREFUSED', false);
    case 'expiredToken':
      return refusal(401, statusJson(401, 'Unauthorized', 'Unauthorized'));
    default:
      return undefined;
  }
}

export const TIMED_OUT = refusal(
  504,
  statusJson(504, 'Timeout', 'request did not complete within the allotted timeout'),
);

export const CONNECTION_LOST = unreachable('other side closed', true);

/** The message of the product's own transport when its timeout is over. */
export const NO_ANSWER: KubeAnswer = {
  ok: false,
  failure: { reason: 'Timeout', httpStatus: 0, message: 'no answer within 30000 ms', outcomeUnknown: true },
};

function refusal(httpStatus: number, body: string, retryAfter?: string): KubeAnswer {
  return { ok: false, failure: failureOf({ httpStatus, body, retryAfter }) };
}

function unreachable(message: string, outcomeUnknown: boolean): KubeAnswer {
  return { ok: false, failure: { reason: 'Unreachable', httpStatus: 0, message, outcomeUnknown } };
}

function statusJson(code: number, reason: string, message: string): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
  });
}

/** The failure that the product's own transport returns for an answer without success. */
export function failureIn({ status, headers, body }: CompleteResponse): ApiFailure {
  const retryAfter = headers['Retry-After'];
  return failureOf({
    httpStatus: status,
    body: String(body),
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
  });
}
