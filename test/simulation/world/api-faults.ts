import type { ApiFailure } from '../../../src/cluster/object-store.ts';
import type { CompleteResponse } from '../../../src/embedded/apiserver/request.ts';
import { failureOf } from '../../../src/io/kube-failure.ts';
import type { KubeAnswer, KubeRequest } from '../../../src/io/kube-retry.ts';

/** What may happen to one request, and to nothing else. */
export type ApiFault =
  | 'slow'
  /** In plain text, with Retry-After, as priority and fairness answers. */
  | 'tooMany'
  | 'conflict'
  | 'error500'
  | 'error503'
  /** The write is done, the answer says that nobody knows. */
  | 'timeoutAfterCommit'
  | 'timeoutBeforeCommit'
  | 'droppedBefore'
  | 'droppedAfter'
  /** Arrives at the server long after the client gave up. */
  | 'lateArrival'
  | 'noAnswer'
  /** As things were a while ago. */
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

/** Faults that keep the request from the server altogether. */
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

/** As the product's own transport words it when its patience is over. */
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

/** What the product's own transport makes of an answer that is no success. */
export function failureIn({ status, headers, body }: CompleteResponse): ApiFailure {
  const retryAfter = headers['Retry-After'];
  return failureOf({
    httpStatus: status,
    body: String(body),
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
  });
}
