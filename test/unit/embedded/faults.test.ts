import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../../src/embedded/apiserver/faults.ts';
import { ApiClient, CONFIG_MAPS, SERVICES } from '../../support/api-client.ts';
import { seededRandom } from '../../support/seeded-random.ts';

let client: ApiClient;

beforeEach(() => {
  client = new ApiClient();
});

afterEach(() => client.closing.abort());

const MAP = { metadata: { name: 'm' }, data: { k: '1' } };

/** The response to a POST under a fault, and whether the object was stored. */
async function posted(fault: Fault) {
  const takeBack = client.server.faults.inject({ fault });
  const answer = await client.post(CONFIG_MAPS, MAP);
  takeBack();
  return { answer, done: (await client.get(`${CONFIG_MAPS}/m`)).status === 200 };
}

describe('faults', () => {
  it('respond as a real server does, and store nothing', async () => {
    const throttled = await posted({ type: 'tooManyRequests', retryAfterSeconds: 7 });
    expect(throttled).toMatchObject({
      done: false,
      answer: {
        status: 429,
        headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': '7' },
        body: 'Too many requests, please try again later.\n',
      },
    });
    const reasons: Record<string, unknown> = {};
    for (const type of ['conflict', 'internalError', 'unavailable'] as const) {
      const { answer, done } = await posted({ type });
      reasons[type] = [answer.status, answer.body.reason, done];
    }
    expect(reasons).toEqual({
      conflict: [409, 'Conflict', false],
      internalError: [500, 'InternalError', false],
      unavailable: [503, 'ServiceUnavailable', false],
    });
  });

  it('simulate a webhook that rejects a request with its own status', async () => {
    const { answer, done } = await posted({ type: 'denied', httpStatus: 422, message: 'no team label' });
    expect([answer.status, answer.body.message, done]).toEqual([
      422,
      'admission webhook "policy.example.test" denied the request: no team label',
      false,
    ]);
  });

  it('can return 504 although the write was stored', async () => {
    const { answer, done } = await posted({ type: 'timeoutAfterCommit' });
    expect([answer.status, answer.body.reason, done]).toEqual([504, 'Timeout', true]);
  });

  it('drop the connection before or after the write', async () => {
    for (const [type, status] of [
      ['dropBeforeCommit', 404],
      ['dropAfterCommit', 200],
    ] as const) {
      const takeBack = client.server.faults.inject({ fault: { type } });
      const headers = { 'content-type': 'application/json' };
      expect(await client.raw('POST', CONFIG_MAPS, MAP, headers)).toEqual({ kind: 'dropped' });
      takeBack();
      expect((await client.get(`${CONFIG_MAPS}/m`)).status).toBe(status);
    }
  });

  it('delay a response on the injected clock', async () => {
    client.server.faults.inject({ fault: { type: 'latency', minMs: 50, maxMs: 60 } });
    const before = client.clock.monotonicNow();
    await client.get(CONFIG_MAPS);
    const tookMs = client.clock.monotonicNow() - before;
    expect(tookMs).toBeGreaterThanOrEqual(50);
    expect(tookMs).toBeLessThanOrEqual(60);
  });

  it('return an old state to reads', async () => {
    await client.post(CONFIG_MAPS, MAP);
    await client.patch('merge', `${CONFIG_MAPS}/m`, { data: { k: '2' } });
    client.server.faults.inject({ fault: { type: 'staleRead', changes: 1 }, times: 2 });
    expect((await client.get(`${CONFIG_MAPS}/m`)).body.data).toEqual({ k: '1' });
    expect((await client.get(CONFIG_MAPS)).body.items[0]?.data).toEqual({ k: '1' });
    expect((await client.get(`${CONFIG_MAPS}/m`)).body.data).toEqual({ k: '2' });
  });

  it('affect only the requests of their rule, up to its limit', async () => {
    const rule = {
      fault: { type: 'unavailable' as const },
      verbs: ['create'],
      resources: ['configmaps'],
      times: 1,
    };
    client.server.faults.inject(rule);
    const service = { metadata: { name: 'm' }, spec: { ports: [{ port: 1 }] } };
    expect((await client.get(CONFIG_MAPS)).status).toBe(200);
    expect((await client.post(SERVICES, service)).status).toBe(201);
    expect((await client.post(CONFIG_MAPS, MAP)).status).toBe(503);
    expect((await client.post(CONFIG_MAPS, MAP)).status).toBe(201);
  });

  it('are the same for the same seed', async () => {
    const strikes = async (seed: number) => {
      const drawn = new ApiClient({ faultRandom: seededRandom(seed) });
      drawn.server.faults.inject({ fault: { type: 'internalError' }, perMille: 300 });
      const statuses: number[] = [];
      for (let at = 0; at < 40; at++) statuses.push((await drawn.get(CONFIG_MAPS)).status);
      return statuses.join(' ');
    };
    const first = await strikes(7);
    expect(first).toMatch(/200.*500|500.*200/);
    expect(await strikes(7)).toBe(first);
    expect(await strikes(8)).not.toBe(first);
  });

  it('simulate a terminating namespace by deleting it without its controller', async () => {
    await client.post('/api/v1/namespaces', { metadata: { name: 'away' } });
    await client.delete('/api/v1/namespaces/away');
    const { status, body } = await client.post('/api/v1/namespaces/away/configmaps', MAP);
    expect(status).toBe(403);
    expect(body.details.causes[0]?.reason).toBe('NamespaceTerminating');
  });
});
