import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ApiFailure, WatchEvent } from '../../src/cluster/object-store.ts';
import { failureOf } from '../../src/io/kube-failure.ts';
import type { KubeAnswer, KubeSender } from '../../src/io/kube-retry.ts';
import { KubeStore } from '../../src/io/kube-store.ts';
import { readWatchEvents } from '../../src/io/kube-watch.ts';
import { decodeState, encodeState } from '../../src/state/state-codec.ts';

const NEVER = new AbortController().signal;
const NOW = { wallMs: Date.UTC(2026, 0, 1), monotonicMs: 1_000_000 };

const OBJECT = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'db', namespace: 'shop', uid: 'u', resourceVersion: '7', labels: { a: 'b' } },
  spec: { ports: [{ port: 1 }] },
};
const STATUS = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  message: 'no',
  reason: 'Conflict',
  details: { causes: [{ reason: 'x', field: 'y' }], retryAfterSeconds: 3 },
  code: 409,
};
const LIST = {
  kind: 'ServiceList',
  apiVersion: 'v1',
  metadata: { resourceVersion: '9', continue: 'c' },
  items: [OBJECT],
};
const ADDRESS = {
  answer: { address: '10.0.0.1', port: 7000, host: 'db.example' },
  missedAnswers: 1,
  absentSince: 5,
};
const STATE = {
  version: 1,
  names: {
    'shop/db': {
      'host db.example': {
        IPv4: {
          rotation: { score: 1, longestAbsence: 2, quietAnswers: 3 },
          addresses: [ADDRESS],
          departed: [{ answer: ADDRESS.answer, missedAnswers: 2 }],
        },
      },
    },
  },
  health: {},
  suspectSince: 7,
};

/** Values that JSON can say and that nobody expects. */
const oddities = fc.oneof(
  fc.constantFrom(null, '', 0, -1, 1e308, true, [], {}, [null], { metadata: null }, '__proto__', '\ud800'),
  fc.jsonValue({ maxDepth: 2 }),
);

/** The JSON of `value` with one of its parts replaced or left out. */
function mutated(value: unknown): fc.Arbitrary<string> {
  const paths = pathsIn(value);
  return fc.tuple(fc.constantFrom(...paths), fc.option(oddities)).map(([path, oddity]) => {
    const copy = structuredClone(value);
    const last = path.at(-1);
    if (last === undefined) return JSON.stringify(oddity);
    let parent = copy as Record<string, unknown>;
    for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
    if (oddity === null) delete parent[last];
    else parent[last] = oddity;
    return JSON.stringify(copy);
  });
}

function pathsIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, each]) => pathsIn(each, [...path, key]))];
}

/** Text that was cut off, has bytes changed, or never was JSON. */
function damaged(text: string): fc.Arbitrary<string> {
  return fc.oneof(
    fc.nat(text.length).map((end) => text.slice(0, end)),
    fc
      .tuple(fc.nat(text.length), fc.string({ unit: 'binary', maxLength: 3 }))
      .map(([at, odd]) => text.slice(0, at) + odd + text.slice(at + odd.length)),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.constantFrom('<html>502 Bad Gateway</html>', '[]', '"', '{"items":', 'null'),
  );
}

const bodies = (value: unknown) => fc.oneof(mutated(value), damaged(JSON.stringify(value)));

function storeAnswering(answer: KubeAnswer): KubeStore {
  const sender: KubeSender = {
    send: async () => answer,
    stream: () => Promise.reject(new Error('nobody watches here')),
  };
  return new KubeStore(sender);
}

function expectFailure(failure: ApiFailure): void {
  expect(failure.reason).toMatch(/^[A-Z][A-Za-z]+$/);
  expect(typeof failure.message).toBe('string');
  expect(failure.message.length).toBeLessThanOrEqual(1_000);
  if (failure.retryAfterMs !== undefined) expect(failure.retryAfterMs).toBeGreaterThanOrEqual(0);
}

describe('whatever an API server, or a proxy in its place, answers', () => {
  test('an error is a typed failure', () => {
    const statuses = fc.oneof(
      fc.constantFrom(400, 401, 403, 404, 409, 410, 422, 429, 500, 502, 503, 504),
      fc.integer({ min: 300, max: 599 }),
    );
    const pauses = fc.option(
      fc.oneof(
        fc.constantFrom('1', '-1', 'NaN', '1e9', 'Wed, 21 Oct 2026 07:28:00 GMT'),
        fc.string({ maxLength: 5 }),
      ),
      { nil: undefined },
    );
    fc.assert(
      fc.property(statuses, bodies(STATUS), pauses, (httpStatus, body, retryAfter) => {
        expectFailure(failureOf({ httpStatus, body, retryAfter }));
      }),
      { numRuns: 20_000 },
    );
  });

  test('a success is an object or a typed failure', async () => {
    await fc.assert(
      fc.asyncProperty(bodies(OBJECT), async (body) => {
        const store = storeAnswering({ ok: true, httpStatus: 200, body, warnings: [] });
        const result = await store.get({ kind: 'Service', namespace: 'shop', name: 'db' }, NEVER);
        if (result.ok) expect(result.value.metadata).toEqual(expect.any(Object));
        else expectFailure(result.failure);
      }),
      { numRuns: 10_000 },
    );
  });

  test('a list is objects or a typed failure, and comes to an end', async () => {
    await fc.assert(
      fc.asyncProperty(bodies(LIST), async (body) => {
        const store = storeAnswering({ ok: true, httpStatus: 200, body, warnings: [] });
        const result = await store.list('Service', {}, NEVER);
        if (result.ok)
          for (const item of result.value.items) expect(item.metadata).toEqual(expect.any(Object));
        else expectFailure(result.failure);
      }),
      { numRuns: 5_000 },
    );
  });

  test('a watch is events, the last of which may be a typed failure, however it is cut in pieces', async () => {
    const line = fc.oneof(
      ...['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'].map((type) =>
        bodies({ type, object: type === 'ERROR' ? STATUS : OBJECT }),
      ),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 4 }),
        fc.integer({ min: 1, max: 50 }),
        async (lines, size) => {
          const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''));
          async function* chunks() {
            for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
          }
          const events: WatchEvent[] = [];
          for await (const event of readWatchEvents({ ok: true, chunks: chunks() }, NEVER))
            events.push(event);
          events.forEach((event, at) => {
            if (event.type !== 'FAILED' && event.type !== 'BOOKMARK')
              expect(event.object.metadata).toEqual(expect.any(Object));
            if (event.type !== 'FAILED') return;
            expect(at).toBe(events.length - 1);
            expectFailure(event.failure);
          });
        },
      ),
      { numRuns: 5_000 },
    );
  });
});

test('whatever stands in the state, it is read as a state that can be written again, or refused with a message', () => {
  fc.assert(
    fc.property(bodies(STATE), (text) => {
      const decoded = decodeState(text, NOW);
      if (!decoded.ok) {
        expect(decoded.message).not.toBe('');
        return;
      }
      const written = encodeState(decoded.state, NOW);
      expect(decodeState(written, NOW)).toMatchObject({ ok: true });
    }),
    { numRuns: 20_000 },
  );
});
