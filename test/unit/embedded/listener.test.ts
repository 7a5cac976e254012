import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmbeddedApiServer, startEmbeddedApiServer } from '../../../src/embedded/apiserver/listener.ts';
import { systemClock } from '../../../src/io/system-clock.ts';
import { CONFIG_MAPS } from '../../support/api-client.ts';
import { seededRandom } from '../../support/seeded-random.ts';

let server: EmbeddedApiServer;

beforeEach(async () => {
  server = await startEmbeddedApiServer({ clock: systemClock, random: seededRandom(1) });
});

afterEach(() => server.close());

const JSON_HEADERS = { 'content-type': 'application/json' };

async function create(name: string): Promise<Response> {
  const body = JSON.stringify({ metadata: { name } });
  return fetch(`${server.url}${CONFIG_MAPS}`, { method: 'POST', headers: JSON_HEADERS, body });
}

describe('the embedded API server on a socket', () => {
  it('says in every response and in its kubeconfig that it is not for production', async () => {
    const response = await fetch(`${server.url}/readyz`);
    expect(await response.text()).toBe('ok');
    expect(response.headers.get('server')).toMatch(/NOT for production/);
    expect(server.kubeconfig).toMatch(/current-context: embedded-not-for-production/);
  });

  it('listens only on loopback', async () => {
    const port = new URL(server.url).port;
    expect(server.url).toBe(`http://127.0.0.1:${port}`);
    const others = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    for (const { address, family, internal } of others) {
      if (internal || family !== 'IPv4') continue;
      await expect(fetch(`http://${address}:${port}/readyz`)).rejects.toThrow();
    }
  });

  it('authenticates users by token, and rejects unknown tokens', async () => {
    const token = /token: (\S+)/.exec(server.kubeconfig)?.[1];
    const status = async (bearer: string) => {
      const headers = { authorization: `Bearer ${bearer}` };
      return (await fetch(`${server.url}${CONFIG_MAPS}`, { headers })).status;
    };
    expect(await status(token ?? '')).toBe(200);
    expect(await status('wrong')).toBe(401);
  });

  it('streams a watch, and ends it when it closes', async () => {
    const response = await fetch(`${server.url}${CONFIG_MAPS}?watch=true`);
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await create('m')).status).toBe(201);
    const first = await reader?.read();
    expect(JSON.parse(first?.value ?? '')).toMatchObject({
      type: 'ADDED',
      object: { metadata: { name: 'm' } },
    });
    expect(server.core.watches.count).toBe(1);
    await server.close();
    expect(server.core.watches.count).toBe(0);
    await reader?.closed.catch(() => undefined);
  });

  it('breaks connections on a fault', async () => {
    server.core.faults.inject({ fault: { type: 'dropAfterCommit' }, verbs: ['create'] });
    await expect(create('m')).rejects.toThrow();
    expect((await fetch(`${server.url}${CONFIG_MAPS}/m`)).status).toBe(200);
  });
});
