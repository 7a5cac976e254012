import { describe, expect, it } from 'vitest';
import { failureOf, noCredentials, unreachable } from '../../../src/io/kube-failure.ts';
import { readRecordings } from '../../support/recordings.ts';

const recordings = new Map(readRecordings().map((recording) => [recording.id, recording.response]));

/** The failure for an answer that a real kube-apiserver gave. */
function failureIn(id: string) {
  const response = recordings.get(id);
  if (response === undefined) throw new Error(`no recording ${id}`);
  const { status, headers, body } = response;
  const retryAfter = headers['Retry-After'] ?? headers['retry-after'];
  return failureOf({
    httpStatus: status,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    retryAfter: typeof retryAfter === 'string' ? retryAfter : undefined,
  });
}

describe('failureOf, with answers of kube-apiserver', () => {
  it.each([
    ['create-update-delete/create-exists', 'AlreadyExists', 'services "c1" already exists'],
    ['create-update-delete/get-missing', 'NotFound', 'services "nope" not found'],
    ['create-update-delete/update-stale', 'Conflict', 'the object has been modified'],
    ['create-update-delete/create-in-terminating-namespace', 'NamespaceTerminating', 'is forbidden'],
    ['create-update-delete/json-patch-test-fails', 'Invalid', 'the server rejected our request'],
    ['create-update-delete/bad-media-type', 'Rejected', 'Unsupported Media Type'],
    ['discovery-and-auth/unauthorized', 'Unauthorized', 'Unauthorized'],
    ['discovery-and-auth/anonymous-forbidden', 'Forbidden', 'cannot list resource "services"'],
    ['discovery-and-auth/unknown-path', 'NotFound', '404 page not found'],
  ])('%s is %s', (id, reason, message) => {
    const failure = failureIn(id);
    expect(failure.reason).toBe(reason);
    expect(failure.message).toContain(message);
    expect(failure.outcomeUnknown).toBe(false);
  });
});

const status = (code: number, fields: object) =>
  failureOf({
    httpStatus: code,
    body: JSON.stringify({ kind: 'Status', code, ...fields }),
    retryAfter: undefined,
  });

describe('failureOf, for reasons that decide the next step', () => {
  it('distinguishes a conflict of field managers from one of versions', () => {
    const causes = [{ reason: 'FieldManagerConflict', field: '.spec.type' }];
    expect(status(409, { reason: 'Conflict', details: { causes } }).reason).toBe('FieldConflict');
    expect(status(409, { reason: 'Conflict' }).reason).toBe('Conflict');
  });

  it('distinguishes a missing namespace from a missing object', () => {
    expect(status(404, { reason: 'NotFound', details: { kind: 'namespaces' } }).reason).toBe(
      'NamespaceNotFound',
    );
    expect(status(404, { reason: 'NotFound', details: { kind: 'services' } }).reason).toBe('NotFound');
  });

  it.each([
    [410, 'Expired', false],
    [429, 'TooManyRequests', false],
    [500, 'ServerError', false],
    [502, 'ServerError', true],
    [503, 'ServerError', true],
    [504, 'Timeout', true],
    [418, 'Rejected', false],
  ])('gives for %i the reason %s; the write may have been done: %s', (code, reason, outcomeUnknown) => {
    expect(failureOf({ httpStatus: code, body: '', retryAfter: undefined })).toEqual({
      reason,
      httpStatus: code,
      message: `HTTP ${code}`,
      outcomeUnknown,
    });
  });
});

describe('the pause', () => {
  it('comes from the header, otherwise from the body', () => {
    expect(failureOf({ httpStatus: 429, body: 'busy', retryAfter: '3' }).retryAfterMs).toBe(3_000);
    expect(status(429, { details: { retryAfterSeconds: 2 } }).retryAfterMs).toBe(2_000);
    expect(status(429, {}).retryAfterMs).toBeUndefined();
  });
});

describe('a body that is not from the API server', () => {
  it.each([
    '',
    '{',
    '{"kind":',
    '[]',
    'null',
    '<html>',
    '{"message":7}',
    '{"details":null}',
    '{"details":{"causes":[null,1]}}',
    '{"details":{"causes":"x"},"reason":{}}',
  ])('%j gives a message that is text', (body) => {
    const failure = failureOf({ httpStatus: 503, body, retryAfter: undefined });
    expect(failure.reason).toBe('ServerError');
    expect(failure.message).toMatch(/./);
  });
});

describe('a failure without an answer', () => {
  it('has the message of the system', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:6443'), { code: 'ECONNREFUSED' });
    expect(unreachable(refused, undefined)).toMatchObject({
      reason: 'Unreachable',
      message: 'connect ECONNREFUSED 10.0.0.1:6443',
      outcomeUnknown: false,
    });
    const both = new AggregateError([new Error('connect to ::1'), new Error('connect to 127.0.0.1')]);
    expect(unreachable(both, undefined).message).toBe('connect to ::1; connect to 127.0.0.1');
    expect(unreachable(Object.assign(new Error(''), { code: 'EPIPE' }), undefined).message).toBe('EPIPE');
  });

  it('for lack of credentials has a short message, however long the plugin’s is', () => {
    expect(noCredentials(new Error(`${'x'.repeat(10_000)}\n`)).message).toHaveLength(516);
  });
});
