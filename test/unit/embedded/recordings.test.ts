import { afterAll, describe, expect, it } from 'vitest';
import { ApiServer } from '../../../src/embedded/apiserver/api-server.ts';
import { EVERYTHING_ALLOWED } from '../../../src/embedded/apiserver/auth.ts';
import type { ApiResponse } from '../../../src/embedded/apiserver/request.ts';
import type { Random } from '../../../src/time/random.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import {
  Correspondence,
  cutDown,
  isLeftOut,
  type Recording,
  readKnownDifferences,
  readRecordings,
} from '../../support/recordings.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** The time of the first exchange of each file. */
const RECORDED_AT: Readonly<Record<string, string>> = {
  'server-side-apply': '2026-11-22T12:57:23Z',
  'create-update-delete': '2026-11-22T12:57:23Z',
  'list-watch-table': '2026-11-22T12:57:25Z',
  validation: '2026-11-22T12:57:38Z',
};

/** Generates the names of the recorded server, so that lists have its order. */
function randomWithSuffixes(suffixes: readonly string[]): Random {
  const letters = 'bcdfghjklmnpqrstvwxz2456789';
  const queue = [...suffixes.join('')].map((letter) => letters.indexOf(letter));
  const others = seededRandom(1);
  return {
    integer: (exclusiveMax) =>
      exclusiveMax === letters.length ? (queue.shift() ?? 0) : others.integer(exclusiveMax),
  };
}

const clock = new ManualClock();
const server = new ApiServer({
  clock,
  random: randomWithSuffixes(['b9hjk', 'sqd4l', 'hc8d9']),
  users: [{ name: 'admin', groups: ['system:masters'], token: 'admin', rules: [EVERYTHING_ALLOWED] }],
});

async function ask(
  method: string,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<ApiResponse> {
  const [bare = '', query = ''] = path.split('?');
  const request = {
    method,
    path: bare,
    query: new URLSearchParams(query),
    headers: {
      authorization: 'Bearer admin',
      'content-type': 'application/json',
      host: '127.0.0.1:16443',
      ...headers,
    },
    body: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
  };
  return server.handle(request, new AbortController().signal);
}

async function apply(path: string, manager: string, body: unknown): Promise<void> {
  const answer = await ask('PATCH', `${path}?fieldManager=${manager}`, body, {
    'content-type': 'application/apply-patch+yaml',
  });
  expect(answer).toMatchObject({ kind: 'complete' });
  expect((answer as { status: number }).status).toBeLessThan(300);
}

const SERVICES = '/api/v1/namespaces/rec/services';
const SLICES = '/apis/discovery.k8s.io/v1/namespaces/rec/endpointslices';

function slice(name: string, service: string, address: string): unknown {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      labels: {
        'kubernetes.io/service-name': service,
        'endpointslice.kubernetes.io/managed-by': 'external-endpoints',
      },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'pg', port: 6432, protocol: 'TCP' }],
  };
}

/** Creates the objects that existed before the first recording. */
async function prepareCluster(): Promise<void> {
  await moveTo('2026-11-22T12:51:21Z');
  await apply('/api/v1/namespaces/default/services/db', 'kubectl', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'db' },
    spec: { clusterIP: '10.96.0.50', ports: [{ name: 'pg', port: 5432, targetPort: 5432 }] },
  });
  await moveTo('2026-11-22T12:57:22Z');
  await ask('POST', '/api/v1/namespaces', { metadata: { name: 'rec' } });
  await ask('POST', '/api/v1/namespaces', { metadata: { name: 'term' } });
  await ask('DELETE', '/api/v1/namespaces/term', undefined);
}

async function moveTo(time: string): Promise<void> {
  const behindMs = Date.parse(time) - clock.wallNow();
  clock.jumpWall(behindMs);
  await settle();
}

/** Repeats changes between two recordings that were not recorded. */
const BEFORE: Readonly<Record<string, () => Promise<void>>> = {
  'create-update-delete/delete-service-takes-endpoints': async () => {
    const metadata = { name: 'gone', labels: { 'app.kubernetes.io/managed-by': 'external-endpoints' } };
    const ports = [{ name: 'pg', port: 5432, targetPort: 6432, protocol: 'TCP' }];
    const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports } };
    await apply(`${SERVICES}/gone`, 'external-endpoints', service);
    await apply('/api/v1/namespaces/rec/endpoints/gone', 'external-endpoints', {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'gone' },
      subsets: [{ addresses: [{ ip: '10.1.1.1' }], ports: [{ name: 'pg', port: 6432 }] }],
    });
    await apply(`${SLICES}/gone-v4`, 'external-endpoints', slice('gone-v4', 'gone', '10.1.1.1'));
  },
  'list-watch-table/list-label': async () => {
    for (let at = 0; at < 5; at++) {
      const body = slice(`page-${at}`, 'page', `10.2.0.${at + 1}`);
      await apply(`${SLICES}/page-${at}`, 'external-endpoints', body);
    }
  },
};

/** Repeats changes during the recording of a watch. */
const DURING: Readonly<Record<string, () => Promise<void>>> = {
  'list-watch-table/watch-from-rv': async () => {
    await apply(`${SLICES}/w-1`, 'external-endpoints', slice('w-1', 'w', '10.3.0.1'));
    await apply(`${SLICES}/w-1`, 'external-endpoints', slice('w-1', 'w', '10.3.0.2'));
    await ask('DELETE', `${SLICES}/w-1`, undefined);
  },
};

const AUTHORIZATION: Readonly<Record<string, Record<string, string>>> = {
  'discovery-and-auth/unauthorized': { authorization: 'Bearer wrong' },
};

function bodyOf(recording: Recording): unknown {
  if (recording.id !== 'validation/slice-1001') return recording.request.body;
  // The recording has only the body.
  const endpoints = Array.from({ length: 1001 }, (_, at) => ({ addresses: [`10.4.${at >> 8}.${at & 255}`] }));
  return { ...(slice('v-1001', 'v', '10.4.0.1') as object), endpoints };
}

/** Status, headers and body in the form of the recordings; a watch is the list of its events. */
async function exchange(recording: Recording, correspondence: Correspondence) {
  const { method, contentType, accept } = recording.request;
  const path = correspondence.translatePath(recording.request.path);
  const headers: Record<string, string> = { accept, ...AUTHORIZATION[recording.id] };
  if (contentType !== undefined) headers['content-type'] = contentType;
  if (recording.name === 'anonymous-forbidden') delete headers.authorization;
  const asked = askAs(recording, method, path, correspondence.translate(bodyOf(recording)), headers);
  await DURING[recording.id]?.();
  const answer = await clock.advanceUntil(asked);
  if (answer.kind === 'dropped') throw new Error('no answer');
  if (answer.kind === 'complete') {
    const body = answer.headers['Content-Type']?.includes('json')
      ? JSON.parse(String(answer.body))
      : answer.body;
    return {
      status: answer.status,
      headers: answer.headers,
      body: path.includes('watch=true') ? [body] : body,
    };
  }
  const lines = collect(answer.lines);
  await clock.advance(5_000);
  return {
    status: answer.status,
    headers: answer.headers,
    body: (await lines).map((line) => JSON.parse(line)),
  };
}

function askAs(
  recording: Recording,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<ApiResponse> {
  if (recording.name !== 'anonymous-forbidden') return ask(method, path, body, headers);
  const [bare = ''] = path.split('?');
  const request = { method, path: bare, query: new URLSearchParams(), headers, body: '' };
  return server.handle(request, new AbortController().signal);
}

async function collect(lines: AsyncIterable<string>): Promise<string[]> {
  const collected: string[] = [];
  for await (const line of lines) collected.push(line);
  return collected;
}

describe('the recordings of a kube-apiserver 1.36', () => {
  const correspondence = new Correspondence();
  const known = new Map(readKnownDifferences().map((difference) => [difference.case, difference]));
  let prepared = false;
  let file = '';

  for (const recording of readRecordings()) {
    it(recording.id, async () => {
      if (!prepared) await prepareCluster();
      prepared = true;
      const time = RECORDED_AT[recording.file];
      if (file !== recording.file && time !== undefined) await moveTo(time);
      file = recording.file;
      await BEFORE[recording.id]?.();
      const answer = await exchange(recording, correspondence);
      const difference = known.get(recording.id);
      const { response } = recording;
      const expected = difference?.subset === true ? cutDown(response.body, answer.body) : response.body;
      const found = correspondence
        .differences(expected, answer.body)
        .filter((path) => !isLeftOut(path, difference));
      expect({ status: answer.status, found, body: found.length > 0 ? answer.body : undefined }).toEqual({
        status: response.status,
        found: [],
        body: undefined,
      });
      for (const header of ['Content-Type', 'Warning', 'Retry-After']) {
        expect(answer.headers[header], header).toEqual(response.headers[header]);
      }
    });
  }

  it('are reproduced, except for a short list', () => {
    expect(known.size).toBeLessThanOrEqual(10);
    const ids = new Set(readRecordings().map((recording) => recording.id));
    expect([...known.keys()].filter((id) => !ids.has(id))).toEqual([]);
  });

  afterAll(() => {
    const list = [...known.values()].map((one) => `  ${one.case}: ${one.reason}`);
    console.log(`Recordings not reproduced in full (${known.size}):\n${list.join('\n')}`);
  });
});
