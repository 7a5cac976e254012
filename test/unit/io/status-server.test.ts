import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { startStatusServer } from '../../../src/io/status-server.ts';
import { type StatusRoutes, type StatusServer, statusRoutes } from '../../../src/sync/status-routes.ts';

let server: StatusServer | undefined;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close();
  server = undefined;
});

async function start(routes: StatusRoutes): Promise<string> {
  server = await startStatusServer({ host: '127.0.0.1', port: 0 }, routes);
  return `http://127.0.0.1:${server.port}`;
}

function open(text: string): Socket & { received: string; isClosed: boolean } {
  const socket = connect(server?.port ?? 0, '127.0.0.1');
  sockets.push(socket);
  const state = Object.assign(socket, { received: '', isClosed: false });
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    state.received += chunk;
  });
  socket
    .on('error', () => undefined)
    .on('close', () => {
      state.isClosed = true;
    });
  socket.write(text);
  return state;
}

const OK = { status: 200, contentType: 'text/plain; charset=utf-8', body: 'ok\n' };

describe('the status server', () => {
  it('answers GET and HEAD on its paths, whatever the query', async () => {
    const url = await start({ '/healthz': () => OK });
    const answer = await fetch(`${url}/healthz?verbose=1`);
    expect([answer.status, await answer.text()]).toEqual([200, 'ok\n']);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const head = await fetch(`${url}/healthz`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  it.each([
    ['GET', '/elsewhere', 404],
    ['GET', '/', 404],
    ['GET', '/healthz/', 404],
    ['GET', '/constructor', 404],
    ['POST', '/healthz', 405],
    ['DELETE', '/healthz', 405],
  ])('answers %s %s with %i', async (method, path, status) => {
    const url = await start({ '/healthz': () => OK });
    expect((await fetch(`${url}${path}`, { method })).status).toBe(status);
  });

  it('answers 500 after an error, and goes on', async () => {
    const url = await start({
      '/metrics': () => {
        throw new Error('a gauge is broken');
      },
      '/healthz': () => OK,
    });
    const answer = await fetch(`${url}/metrics`);
    expect([answer.status, await answer.text()]).toEqual([500, 'a gauge is broken\n']);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('closes connections that are slow or send too much, and serves the others meanwhile', async () => {
    const url = await start({ '/healthz': () => OK });
    const slow = open('GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const large = open(`GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`);
    await vi.waitUntil(() => large.isClosed, { timeout: 5_000 });
    expect(large.received).toContain('431');
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await vi.waitUntil(() => slow.isClosed, { timeout: 9_000 });
    expect(slow.received).toContain('408');
  });

  it('finishes answers in flight at the end, within a time limit', async () => {
    const answering = Promise.withResolvers<typeof OK>();
    const asked: string[] = [];
    const never = new Promise<typeof OK>(() => undefined);
    const noted = (path: string, answer: Promise<typeof OK>) => () => {
      asked.push(path);
      return answer;
    };
    await start({ '/metrics': noted('/metrics', answering.promise), '/never': noted('/never', never) });
    const first = open('GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    const second = open('GET /never HTTP/1.1\r\nHost: x\r\n\r\n');
    const idle = open('');
    await vi.waitUntil(() => asked.length === 2 && !idle.connecting, { timeout: 5_000 });
    const closing = server?.close();
    answering.resolve(OK);
    await vi.waitUntil(() => first.received.includes('ok\n'), { timeout: 5_000 });
    await closing;
    await vi.waitUntil(() => second.isClosed && idle.isClosed, { timeout: 5_000 });
    server = undefined;
  });

  it('rejects if the port is in use', async () => {
    await start({});
    const again = startStatusServer({ host: '127.0.0.1', port: server?.port ?? 0 }, {});
    await expect(again).rejects.toThrow('EADDRINUSE');
  });
});

describe('the routes', () => {
  const routesWith = (facts: { alive: boolean; list: boolean; cluster: boolean }) =>
    statusRoutes({
      isAlive: () => facts.alive,
      conditions: [
        { name: 'list', isMet: () => facts.list },
        { name: 'cluster', isMet: () => facts.cluster },
      ],
      metrics: { contentType: 'text/plain; version=0.0.4', text: async () => 'up 1\n' },
      status: () => ({ version: '1', instance: 'default', identity: 'here', leading: true, targets: [] }),
    });
  const answerOf = async (routes: StatusRoutes, path: string) => {
    const answer = await routes[path]?.();
    return [answer?.status, answer?.body];
  };

  it('report alive while the loop runs, and ready when every condition is met', async () => {
    const good = routesWith({ alive: true, list: true, cluster: true });
    expect(await answerOf(good, '/healthz')).toEqual([200, 'ok\n']);
    expect(await answerOf(good, '/readyz')).toEqual([200, '[+] list\n[+] cluster\n']);
    expect(await answerOf(good, '/metrics')).toEqual([200, 'up 1\n']);
    const [status, body] = await answerOf(good, '/api/status');
    expect([status, JSON.parse(String(body))]).toEqual([
      200,
      { version: '1', instance: 'default', identity: 'here', leading: true, targets: [] },
    ]);
    const bad = routesWith({ alive: false, list: true, cluster: false });
    expect(await answerOf(bad, '/healthz')).toEqual([503, 'the loop does not turn\n']);
    expect(await answerOf(bad, '/readyz')).toEqual([503, '[+] list\n[-] cluster\n']);
  });
});
