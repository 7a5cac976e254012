import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/io/system-clock.ts';
import { TcpDialer } from '../../src/io/tcp-dialer.ts';
import type { HealthCheckKind, HttpSettings, TlsSettings } from '../../src/model/target.ts';
import { TokenBucket } from '../../src/time/token-bucket.ts';
import { ip } from '../support/addresses.ts';
import { TestAuthority } from '../support/certificates.ts';
import { openSockets } from '../support/open-sockets.ts';
import { exchangeOf, probeOnce } from '../support/probe-once.ts';
import { freePort, missing, RealPeer, run } from '../support/real-peer.ts';

const HTTP: HttpSettings = { method: 'GET', path: '/', expectedStatuses: [{ from: 200, to: 299 }] };
const TLS: TlsSettings = { verify: true, minValidityMs: 0 };
const DAY_MS = 86_400_000;

afterEach(() => expect.poll(openSockets).toBe(0));

describe.skipIf(missing(['redis-server']))('a probe of Redis', () => {
  let peer: RealPeer;
  let where: string;

  beforeAll(async () => {
    peer = new RealPeer();
    const port = await freePort();
    where = `127.0.0.1:${port}`;
    const config = `port ${port}\nbind 127.0.0.1\nsave ""\nappendonly no\nrequirepass secret\n`;
    await peer.start('redis-server', [peer.file('redis.conf', config)], port);
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  it('is healthy when the answer is the expected one', async () => {
    const kind = exchangeOf('AUTH secret\r\nPING\r\n', '+PONG');
    expect(await probeOnce(where, kind)).toMatchObject({
      healthy: true,
      reason: 'ResponseMatched',
      message: String.raw`answered "+OK\r\n+PONG\r\n"`,
    });
    expect(
      await probeOnce(where, exchangeOf('AUTH secret\r\nPING\r\n', /^\+OK\r\n\+PONG\r\n$/)),
    ).toMatchObject({
      healthy: true,
    });
  });

  it('is unhealthy when the answer is another one', async () => {
    expect(await probeOnce(where, exchangeOf('PING\r\n', '+PONG'), { timeoutMs: 1_000 })).toMatchObject({
      healthy: false,
      reason: 'UnexpectedResponse',
      message: String.raw`answered "-NOAUTH Authentication required.\r\n" and nothing more within 1000 ms`,
    });
  });

  it('is unhealthy over TLS', async () => {
    expect(await probeOnce(where, { type: 'tls', tls: TLS }, { timeoutMs: 1_000 })).toMatchObject({
      healthy: false,
      speaksOf: 'backend',
      reason: expect.stringMatching(/^TLSHandshake(Failed|Timeout)$/),
    });
  });

  it('is unhealthy over HTTP', async () => {
    // Redis closes on what looks like HTTP, against forged requests from browsers.
    expect(await probeOnce(where, { type: 'http', http: HTTP })).toMatchObject({
      healthy: false,
      reason: expect.stringMatching(/^(ConnectionClosed|ConnectionReset|UnexpectedResponse)$/),
    });
  });
});

describe.skipIf(missing(['postgres', 'initdb'], { root: true }))('a probe of PostgreSQL', () => {
  let peer: RealPeer;
  let where: string;

  beforeAll(async () => {
    peer = new RealPeer();
    const port = await freePort();
    where = `127.0.0.1:${port}`;
    // The server refuses to run as root, so it gets the account that its package made.
    const uid = Number(run('id', '-u', 'postgres'));
    run('chown', 'postgres', peer.directory);
    run('setpriv', `--reuid=${uid}`, '--clear-groups', '--', 'env', ...initdb(peer.directory));
    const args = ['-D', `${peer.directory}/data`, '-p', `${port}`, '-h', '127.0.0.1', '-k', peer.directory];
    const ready = /ready to accept connections/;
    await peer.start('postgres', [...args, '-c', 'fsync=off'], port, { uid, ready });
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  it('is healthy with an SSLRequest, which needs no account', async () => {
    const sslRequest = '\x00\x00\x00\x08\x04\xd2\x16\x2f';
    expect(await probeOnce(where, exchangeOf(sslRequest, /^[SN]$/))).toMatchObject({
      healthy: true,
      reason: 'ResponseMatched',
      message: 'answered "N"',
    });
  });

  it('leaves no line in its log when it only connects', async () => {
    const before = peer.output.length;
    for (let times = 0; times < 5; times += 1) {
      expect((await probeOnce(where, { type: 'tcp' })).healthy).toBe(true);
    }
    await probeOnce(where, exchangeOf('\x00\x00\x00\x08\x04\xd2\x16\x2f', 'N'));
    expect(peer.output.slice(before)).toBe('');
  });
});

describe.skipIf(missing(['nginx', 'openssl']))('a probe of nginx', () => {
  let peer: RealPeer;
  let caFile: string;
  const ports: Record<'plain' | 'right' | 'expired' | 'soon', number> = {
    plain: 0,
    right: 0,
    expired: 0,
    soon: 0,
  };
  const at = (name: keyof typeof ports) => `127.0.0.1:${ports[name]}`;

  beforeAll(async () => {
    peer = new RealPeer();
    const authority = new TestAuthority(peer.directory);
    caFile = authority.caFile;
    for (const name of Object.keys(ports) as (keyof typeof ports)[]) ports[name] = await freePort();
    const server = (name: 'right' | 'expired' | 'soon', days: number) => {
      const { certFile, keyFile } = authority.issue(name, 'DNS:db.example,IP:127.0.0.1', days);
      const files = `ssl_certificate ${certFile}; ssl_certificate_key ${keyFile};`;
      return `server { listen ${at(name)} ssl; ${files} location / { return 200 "secure\n"; } }`;
    };
    const config = `
      daemon off; master_process off; pid ${peer.directory}/pid; error_log stderr info;
      events { worker_connections 64; }
      http {
        access_log off;
        client_body_temp_path ${peer.directory}; proxy_temp_path ${peer.directory};
        fastcgi_temp_path ${peer.directory}; uwsgi_temp_path ${peer.directory}; scgi_temp_path ${peer.directory};
        server {
          listen ${at('plain')};
          location = /ok { return 200 "all is well\n"; }
          location = /broken { return 503; }
          location = /moved { return 301 /ok; }
          location = /host { return 200 $http_host; }
          location = /post { if ($request_method != POST) { return 405; } return 204; }
        }
        ${server('right', 30)} ${server('expired', -1)} ${server('soon', 2)}
      }`;
    await peer.start('nginx', ['-p', peer.directory, '-c', peer.file('nginx.conf', config)], ports.plain);
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  const http = (changes: Partial<HttpSettings>): HealthCheckKind => ({
    type: 'http',
    http: { ...HTTP, ...changes },
  });
  const bytes = (text: string) => ({ kind: 'bytes', bytes: Buffer.from(text) }) as const;

  it.each<[string, HealthCheckKind, boolean, string, string]>([
    ['an expected status', http({ path: '/ok' }), true, 'HTTPStatusExpected', 'HTTP/1.1 200 OK'],
    [
      'another status',
      http({ path: '/broken' }),
      false,
      'HTTPStatus',
      'HTTP/1.1 503 Service Temporarily Unavailable',
    ],
    ['a redirect', http({ path: '/moved' }), false, 'HTTPStatus', 'HTTP/1.1 301 Moved Permanently'],
    [
      'a redirect that is expected',
      http({ path: '/moved', expectedStatuses: [{ from: 301, to: 301 }] }),
      true,
      'HTTPStatusExpected',
      'HTTP/1.1 301 Moved Permanently',
    ],
    [
      'an expected body',
      http({ path: '/ok', body: bytes('is well') }),
      true,
      'ResponseMatched',
      'HTTP/1.1 200 OK',
    ],
    [
      'another body',
      http({ path: '/ok', body: bytes('is lost') }),
      false,
      'UnexpectedResponse',
      String.raw`HTTP/1.1 200 OK, but the body does not match: "all is well\n"`,
    ],
    [
      'a method',
      http({ path: '/post', method: 'POST' }),
      true,
      'HTTPStatusExpected',
      'HTTP/1.1 204 No Content',
    ],
    ['HEAD', http({ path: '/ok', method: 'HEAD' }), true, 'HTTPStatusExpected', 'HTTP/1.1 200 OK'],
    [
      'a host',
      http({ path: '/host', host: 'a.example', body: bytes('a.example') }),
      true,
      'ResponseMatched',
      'HTTP/1.1 200 OK',
    ],
  ])('over HTTP: %s', async (_, kind, healthy, reason, message) => {
    expect(await probeOnce(at('plain'), kind)).toMatchObject({ healthy, reason, message });
  });

  it('sends the name of the address with the port as Host when no host is set', async () => {
    const kind = http({ path: '/host', body: { kind: 'pattern', source: `^db\\.example:${ports.plain}$` } });
    expect(await probeOnce(at('plain'), kind, { host: 'db.example' })).toMatchObject({ healthy: true });
    const byAddress = http({ path: '/host', body: bytes(at('plain')) });
    expect(await probeOnce(at('plain'), byAddress)).toMatchObject({ healthy: true });
  });

  const tls = (changes: Partial<TlsSettings> = {}): HealthCheckKind => ({
    type: 'tls',
    tls: { ...TLS, caFile, ...changes },
  });

  it.each<[string, keyof typeof ports, () => HealthCheckKind, string | undefined, string]>([
    [
      'the right certificate for a name',
      'right',
      () => tls({ serverName: 'db.example' }),
      undefined,
      'TLSHandshakeSucceeded',
    ],
    ['the name that the address came from', 'right', () => tls(), 'db.example.', 'TLSHandshakeSucceeded'],
    ['the right certificate for the address', 'right', () => tls(), undefined, 'TLSHandshakeSucceeded'],
    [
      'a wrong name',
      'right',
      () => tls({ serverName: 'other.example' }),
      undefined,
      'CertificateNameMismatch',
    ],
    [
      'an authority that is not trusted',
      'right',
      () => ({ type: 'tls', tls: TLS }),
      undefined,
      'CertificateUntrusted',
    ],
    [
      'an authority that need not be trusted',
      'right',
      () => tls({ verify: false }),
      undefined,
      'TLSHandshakeSucceeded',
    ],
    ['an expired certificate', 'expired', () => tls(), undefined, 'CertificateExpired'],
    [
      'an expired certificate that may be',
      'expired',
      () => tls({ verify: false }),
      undefined,
      'TLSHandshakeSucceeded',
    ],
    [
      'a certificate that ends soon',
      'soon',
      () => tls({ minValidityMs: 7 * DAY_MS }),
      undefined,
      'CertificateExpiresSoon',
    ],
    [
      'a certificate that ends late enough',
      'soon',
      () => tls({ minValidityMs: DAY_MS }),
      undefined,
      'TLSHandshakeSucceeded',
    ],
    ['a port without TLS', 'plain', () => tls(), undefined, 'TLSHandshakeFailed'],
    [
      'a CA file that is not there',
      'right',
      () => tls({ caFile: '/nonexistent.pem' }),
      undefined,
      'CAFileUnreadable',
    ],
  ])('over TLS: %s', async (_, name, kind, host, reason) => {
    const sample = await probeOnce(at(name), kind(), host === undefined ? {} : { host });
    expect(sample).toMatchObject({ reason });
  });

  it('reports in words what is wrong with a certificate', async () => {
    expect(await probeOnce(at('right'), tls({ serverName: 'other.example' }))).toMatchObject({
      message: 'the certificate is not for other.example but for DNS:db.example, IP Address:127.0.0.1',
    });
    expect(await probeOnce(at('right'), { type: 'tls', tls: TLS })).toMatchObject({
      message: expect.stringMatching(/^(the |a )certificate above it is missing|not trusted$/),
    });
    expect(await probeOnce(at('plain'), tls())).toMatchObject({
      message: expect.stringMatching(/^not TLS: /),
    });
  });

  it('reports until when a certificate is valid', async () => {
    const sample = await probeOnce(at('right'), tls());
    expect(sample.message).toMatch(/^the certificate is valid until \d{4}-\d\d-\d\d$/);
    const days = ((sample.certificateValidUntilWallMs ?? 0) - Date.now()) / DAY_MS;
    expect(Math.round(days)).toBe(30);
  });

  it('is healthy over HTTPS', async () => {
    const over = (changes: Partial<TlsSettings>): HealthCheckKind => ({
      type: 'http',
      http: { ...HTTP, body: bytes('secure') },
      tls: { ...TLS, caFile, ...changes },
    });
    expect(await probeOnce(at('right'), over({}))).toMatchObject({
      reason: 'ResponseMatched',
      certificateValidUntilWallMs: expect.any(Number),
    });
    expect(await probeOnce(at('expired'), over({}))).toMatchObject({ reason: 'CertificateExpired' });
    expect(await probeOnce(at('right'), over({ serverName: 'x.example' }))).toMatchObject({
      reason: 'CertificateNameMismatch',
    });
  });

  it('leaves no socket behind when TLS ends with a reset', async () => {
    const dialer = new TcpDialer(systemClock, new TokenBucket(0, 0));
    const never = new AbortController().signal;
    const result = await dialer.dial({ address: ip('127.0.0.1'), port: ports.right }, never);
    if (!result.connected) throw new Error(result.fault.message);
    expect(await result.connection.startTls({ caFile }, never)).toMatchObject({ secured: true });
    result.connection.close();
    await expect.poll(openSockets).toBe(0);
  });

  it('reads a CA file again when it was replaced', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'external-endpoints-'));
    try {
      const other = new TestAuthority(directory).caFile;
      expect(await probeOnce(at('right'), tls({ caFile: other }))).toMatchObject({
        reason: 'CertificateUntrusted',
      });
      run('cp', caFile, other);
      expect(await probeOnce(at('right'), tls({ caFile: other }))).toMatchObject({
        reason: 'TLSHandshakeSucceeded',
      });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe.skipIf(missing(['haproxy']))('a probe of HAProxy', () => {
  let peer: RealPeer;
  let port: number;

  beforeAll(async () => {
    peer = new RealPeer();
    port = await freePort();
    const dead = await freePort();
    const config = `
      global
        log stdout format raw local0
      defaults
        mode http
        log global
        retries 0
        timeout connect 1s
        timeout client 1s
        timeout server 1s
      frontend web
        bind 127.0.0.1:${port}
        monitor-uri /alive
        default_backend gone
      backend gone
        server gone 127.0.0.1:${dead}
`.replace(/^ {6}/gm, '');
    await peer.start('haproxy', ['-db', '-f', peer.file('haproxy.cfg', config)], port);
  });
  afterAll(() => peer[Symbol.asyncDispose]());

  it('is healthy over TCP and at its monitor URI, and unhealthy behind it, while its backend is down', async () => {
    const where = `127.0.0.1:${port}`;
    expect(await probeOnce(where, { type: 'http', http: { ...HTTP, path: '/alive' } })).toMatchObject({
      healthy: true,
      message: 'HTTP/1.1 200 OK',
    });
    expect(await probeOnce(where, { type: 'http', http: HTTP })).toMatchObject({
      healthy: false,
      reason: 'HTTPStatus',
      message: 'HTTP/1.1 503 Service Unavailable',
    });
    expect(await probeOnce(where, { type: 'tcp' })).toMatchObject({ healthy: true });
  });
});

function initdb(directory: string): string[] {
  return ['initdb', '-D', `${directory}/data`, '--auth=trust', '--no-sync', '--no-instructions'];
}
