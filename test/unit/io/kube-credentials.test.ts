import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeConfig, User } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeRequest } from '../../../src/io/kube-retry.ts';
import { DEFAULT_TRANSPORT_LIMITS, KubeTransport } from '../../../src/io/kube-transport.ts';
import { TestAuthority } from '../../support/certificates.ts';
import { startConnectProxy } from '../../support/connect-proxy.ts';
import { missing } from '../../support/real-peer.ts';
import { type Answer, answered, ScriptedApi, silence } from '../../support/scripted-api.ts';
import { SkippingClock } from '../../support/skipping-clock.ts';
import { waitFor } from '../../support/wait-for.ts';

const GET: KubeRequest = { method: 'GET', path: '/api/v1/services' };
const never = new AbortController().signal;

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'external-endpoints-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

function transportOf(load: () => KubeConfig, clock = new SkippingClock(), limits = {}): KubeTransport {
  return new KubeTransport({
    load,
    clock,
    userAgent: 'test',
    limits: { ...DEFAULT_TRANSPORT_LIMITS, ...limits },
  });
}

/** Answers 401 to every token except `token`. */
function onlyFor(token: () => string): Answer {
  return (response, request) => {
    const known = request.headers.authorization === `Bearer ${token()}`;
    answered(known ? 200 : 401, known ? {} : { kind: 'Status', message: 'Unauthorized' })(response, request);
  };
}

describe('a token that the server rejects', () => {
  it('is read again once, for any number of rejected requests', async () => {
    await using api = await ScriptedApi.start();
    const tokens = ['old', 'new'];
    let loads = 0;
    const transport = transportOf(() => {
      loads += 1;
      return api.kubeConfig({ token: tokens[Math.max(0, loads - 1)] ?? 'new' });
    });
    api.always = onlyFor(() => 'new');
    const answers = await Promise.all(Array.from({ length: 10 }, () => transport.send(GET, never)));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(loads).toBe(2);
    transport.close();
  });

  it('and rejects again gives a failure', async () => {
    await using api = await ScriptedApi.start();
    const transport = transportOf(() => api.kubeConfig({ token: 'wrong' }));
    api.always = onlyFor(() => 'right');
    expect(await transport.send(GET, never)).toMatchObject({
      failure: { reason: 'Unauthorized', httpStatus: 401, message: 'Unauthorized' },
    });
    expect(api.requests).toHaveLength(2);
    transport.close();
  });

  it('is read again for a watch too', async () => {
    await using api = await ScriptedApi.start();
    let token = 'old';
    const transport = transportOf(() => {
      const config = api.kubeConfig({ token });
      token = 'new';
      return config;
    });
    api.always = onlyFor(() => 'new');
    const stream = await transport.stream('/api/v1/services?watch=true', never);
    expect(stream.ok).toBe(true);
    transport.close();
  });

  it('is not replaced by a token for another server', async () => {
    await using api = await ScriptedApi.start();
    await using other = await ScriptedApi.start();
    let server = api;
    const transport = transportOf(() => server.kubeConfig({ token: 'x' }));
    server = other;
    api.always = onlyFor(() => 'right');
    expect(await transport.send(GET, never)).toMatchObject({
      failure: {
        reason: 'CredentialsUnavailable',
        message: `no credentials: the kubeconfig now leads to ${other.url}, no longer to ${api.url}`,
      },
    });
    expect(other.requests).toEqual([]);
    transport.close();
  });
});

describe('a token file', () => {
  it('is read again after a minute, because Kubernetes rotates it', async () => {
    await using api = await ScriptedApi.start();
    const tokenFile = join(directory, 'token');
    writeFileSync(tokenFile, 'first');
    const clock = new SkippingClock();
    const user = { authProvider: { name: 'tokenFile', config: { tokenFile } } };
    const transport = transportOf(() => api.kubeConfig(user), clock);
    await transport.send(GET, never);
    writeFileSync(tokenFile, 'second');
    api.always = onlyFor(() => 'second');
    expect(await transport.send(GET, never)).toMatchObject({ ok: true });
    expect(api.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first',
      'Bearer first',
      'Bearer second',
    ]);
    transport.close();
  });

  it('that is missing gives CredentialsUnavailable', async () => {
    await using api = await ScriptedApi.start();
    const tokenFile = join(directory, 'no-token');
    const transport = transportOf(() =>
      api.kubeConfig({ authProvider: { name: 'tokenFile', config: { tokenFile } } }),
    );
    const answer = await transport.send(GET, never);
    expect(answer).toMatchObject({ failure: { reason: 'CredentialsUnavailable', outcomeUnknown: false } });
    expect(answer.ok ? '' : answer.failure.message).toContain(tokenFile);
    expect(api.requests).toEqual([]);
    transport.close();
  });
});

describe('a name and a password', () => {
  it('are sent as in RFC 7617', async () => {
    await using api = await ScriptedApi.start();
    const transport = transportOf(() => api.kubeConfig({ username: 'zoë', password: 'pa:ss' }));
    await transport.send(GET, never);
    const { authorization = '' } = api.requests[0]?.headers ?? {};
    expect(Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()).toBe('zoë:pa:ss');
    transport.close();
  });
});

describe('a credential plugin', () => {
  /** Writes each start to `name.log` and prints a token with their number. */
  function plugin(name: string, script: string): { readonly user: Partial<User>; starts(): number } {
    const log = join(directory, `${name}.log`);
    writeFileSync(log, '');
    const args = ['-c', `echo x >> '${log}'; n=$(wc -l < '${log}'); ${script}`];
    return {
      user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args } },
      starts: () => readFileSync(log, 'utf8').split('\n').length - 1,
    };
  }
  const GIVES_A_TOKEN = `printf '{"kind":"ExecCredential","status":{"token":"token-%d"}}' $n`;

  it('starts once for all requests, and not again while its token is valid', async () => {
    await using api = await ScriptedApi.start();
    const { user, starts } = plugin('once', GIVES_A_TOKEN);
    const clock = new SkippingClock();
    const transport = transportOf(() => api.kubeConfig(user), clock);
    await Promise.all(Array.from({ length: 10 }, () => transport.send(GET, never)));
    clock.advance(61_000);
    await transport.send(GET, never);
    expect(starts()).toBe(1);
    expect(new Set(api.requests.map(({ headers }) => headers.authorization))).toEqual(
      new Set(['Bearer token-1']),
    );
    transport.close();
  });

  it('starts again after its token was rejected', async () => {
    await using api = await ScriptedApi.start();
    const { user, starts } = plugin('refused', GIVES_A_TOKEN);
    const transport = transportOf(() => api.kubeConfig(user));
    api.always = onlyFor(() => 'token-2');
    const answers = await Promise.all(Array.from({ length: 5 }, () => transport.send(GET, never)));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(starts()).toBe(2);
    transport.close();
  });

  it('that fails gives its own message, and is not tried again and again', async () => {
    await using api = await ScriptedApi.start();
    const { user, starts } = plugin('fails', `echo 'your session has expired, log in again' >&2; exit 1`);
    const transport = transportOf(() => api.kubeConfig(user));
    expect(await transport.send(GET, never)).toEqual({
      ok: false,
      failure: {
        reason: 'CredentialsUnavailable',
        httpStatus: 0,
        message: 'no credentials: your session has expired, log in again',
        outcomeUnknown: false,
      },
    });
    expect(starts()).toBe(1);
    expect(api.requests).toEqual([]);
    transport.close();
  });

  it('that hangs does not delay a request beyond its abort', async () => {
    await using api = await ScriptedApi.start();
    const { user, starts } = plugin('hangs', `echo $$ > '${join(directory, 'hangs.pid')}'; exec sleep 60`);
    const transport = transportOf(() => api.kubeConfig(user));
    const abort = new AbortController();
    const sending = transport.send(GET, abort.signal);
    await waitFor('the plugin to start', () => starts() === 1);
    abort.abort(new Error('enough'));
    await expect(sending).rejects.toThrow('enough');
    const pidFile = join(directory, 'hangs.pid');
    await waitFor('its pid', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8').endsWith('\n'));
    process.kill(Number(readFileSync(pidFile, 'utf8')));
    transport.close();
  });
});

describe.skipIf(missing(['openssl']))('over TLS', () => {
  let authority: TestAuthority;
  let server: { readonly certFile: string; readonly keyFile: string };
  beforeAll(() => {
    authority = new TestAuthority(directory);
    server = authority.issue('server', 'DNS:kubernetes', 30);
  });

  const startTls = () =>
    ScriptedApi.start({
      cert: readFileSync(server.certFile),
      key: readFileSync(server.keyFile),
      ca: readFileSync(authority.caFile),
      requestCert: true,
      rejectUnauthorized: false,
    });
  const trust = () => ({ caFile: authority.caFile, tlsServerName: 'kubernetes' });

  it('a server must have a certificate for the name in the kubeconfig', async () => {
    await using api = await startTls();
    const good = transportOf(() => api.kubeConfig({ token: 'x' }, trust()));
    expect(await good.send(GET, never)).toMatchObject({ ok: true });
    const misnamed = transportOf(() => api.kubeConfig({ token: 'x' }, { caFile: authority.caFile }));
    const untrusted = transportOf(() => api.kubeConfig({ token: 'x' }, { tlsServerName: 'kubernetes' }));
    for (const transport of [misnamed, untrusted]) {
      expect(await transport.send({ ...GET, method: 'POST' }, never)).toMatchObject({
        failure: { reason: 'Unreachable' },
      });
    }
    expect(api.requests).toHaveLength(1);
    for (const transport of [good, misnamed, untrusted]) transport.close();
  });

  it('a client certificate that is rotated on disk is used within a minute, and requests in flight end normally', async () => {
    await using api = await startTls();
    const first = authority.issue('first', 'DNS:first', 30);
    const second = authority.issue('second', 'DNS:second', 30);
    const { certFile, keyFile } = first;
    const clock = new SkippingClock();
    const transport = transportOf(() => api.kubeConfig({ certFile, keyFile }, trust()), clock);
    await transport.send(GET, never);

    let finish: () => void = () => expect.fail('the slow request came too late');
    api.next.push((response) => {
      finish = () => response.end('{"late":true}');
    });
    const running = transport.send({ ...GET, path: '/slow' }, never);
    await waitFor('the slow request', () => api.requests.length === 2);
    writeFileSync(certFile, readFileSync(second.certFile));
    writeFileSync(keyFile, readFileSync(second.keyFile));
    clock.advance(61_000);
    await transport.send(GET, never);
    finish();
    expect(await running).toMatchObject({ ok: true, body: '{"late":true}' });
    expect(api.requests.map(({ clientName }) => clientName)).toEqual(['first', 'first', 'second']);
    await waitFor('the old connections to end', () => api.open === 1);
    transport.close();
  });

  it('connections stay open after a minute without a rotation', async () => {
    await using api = await startTls();
    const clock = new SkippingClock();
    const transport = transportOf(() => api.kubeConfig({ token: 'x' }, trust()), clock);
    for (let minute = 0; minute < 5; minute++) {
      await transport.send(GET, never);
      clock.advance(61_000);
    }
    expect(api.connections).toBeLessThanOrEqual(2);
    transport.close();
  });

  it('a proxy in the kubeconfig carries every request, over as many connections as without', async () => {
    await using api = await startTls();
    const proxy = await startConnectProxy();
    const transport = transportOf(
      () => api.kubeConfig({ token: 'x' }, { ...trust(), proxyUrl: proxy.url }),
      new SkippingClock(),
      { connections: 3 },
    );
    api.always = (response) => setImmediate(() => response.end('{}'));
    const answers = await Promise.all(Array.from({ length: 30 }, () => transport.send(GET, never)));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(proxy.targets).toEqual(Array(3).fill(`127.0.0.1:${api.port}`));
    expect(api.connections).toBe(3);
    transport.close();
    await proxy.close();
  });

  it('a proxy that does not answer is reported', async () => {
    await using api = await startTls();
    const proxy = await startConnectProxy();
    await proxy.close();
    const transport = transportOf(
      () => api.kubeConfig({}, { ...trust(), proxyUrl: proxy.url }),
      new SkippingClock(),
      { attempts: 1 },
    );
    api.always = silence;
    expect(await transport.send(GET, never)).toMatchObject({ failure: { reason: 'Unreachable' } });
    expect(api.requests).toEqual([]);
    transport.close();
  });
});
