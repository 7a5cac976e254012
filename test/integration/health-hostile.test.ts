import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Backend } from '../../src/embedded/backend.ts';
import { blameForNoConnection } from '../../src/health/dial-fault.ts';
import type { Check } from '../../src/health/health.ts';
import { NOTHING_KNOWN } from '../../src/health/memory.ts';
import { proberOver } from '../../src/health/probe.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { systemRandom } from '../../src/io/system-random.ts';
import { TcpDialer } from '../../src/io/tcp-dialer.ts';
import type { HealthCheckKind } from '../../src/model/target.ts';
import { ip } from '../support/addresses.ts';
import { checkAt } from '../support/checks.ts';
import { formVerdicts } from '../support/form-verdicts.ts';
import { ListenerProcess } from '../support/listener-process.ts';
import { NetworkNamespace } from '../support/network-namespace.ts';
import { openSockets } from '../support/open-sockets.ts';
import { exchangeOf, probeOnce } from '../support/probe-once.ts';
import { missing } from '../support/real-peer.ts';

const HTTP: HealthCheckKind = {
  type: 'http',
  http: { method: 'GET', path: '/', expectedStatuses: [{ from: 200, to: 299 }] },
};
const TLS: HealthCheckKind = { type: 'tls', tls: { verify: true, minValidityMs: 0 } };
const TCP: HealthCheckKind = { type: 'tcp' };

afterEach(() => expect.poll(openSockets).toBe(0));

/** A server that does one thing to each connection. */
async function serving(handle: (socket: Socket) => void): Promise<Server & AsyncDisposable & { at: string }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dispose = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  const at = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(server, { at, [Symbol.asyncDispose]: dispose });
}

describe('a probe of a backend that accepts and never answers', () => {
  it.each<[string, HealthCheckKind, string]>([
    ['tcp', TCP, 'Connected'],
    ['tcp with an exchange', exchangeOf('PING\r\n', '+PONG'), 'ResponseTimeout'],
    ['tls', TLS, 'TLSHandshakeTimeout'],
    ['http', HTTP, 'ResponseTimeout'],
  ])('%s', async (_, kind, reason) => {
    const backend = await Backend.start(ip('127.0.0.1'));
    await backend.become('hang');
    try {
      const sample = await probeOnce(`127.0.0.1:${backend.port}`, kind, { timeoutMs: 500 });
      expect(sample).toMatchObject({ reason });
      if (!sample.healthy) expect(sample.latencyMs).toBeGreaterThanOrEqual(499);
    } finally {
      await backend.stop();
    }
  });
});

describe('a probe of a backend that resets accepted connections', () => {
  it.each<[string, HealthCheckKind, RegExp]>([
    // The handshake is the kernel's: a check that only connects cannot tell.
    ['tcp', TCP, /^Connected$/],
    ['tcp with an exchange', exchangeOf('PING\r\n', '+PONG'), /^ConnectionReset$/],
    ['tls', TLS, /^TLSHandshakeFailed$/],
    ['http', HTTP, /^ConnectionReset$/],
  ])('%s', async (_, kind, reason) => {
    await using server = await serving((socket) => socket.resetAndDestroy());
    expect((await probeOnce(server.at, kind)).reason).toMatch(reason);
  });
});

describe('a probe of a backend that closes accepted connections', () => {
  it.each<[string, HealthCheckKind, RegExp]>([
    ['tcp with an exchange', exchangeOf('', '+PONG'), /^ConnectionClosed$/],
    ['tls', TLS, /^TLSHandshakeFailed$/],
    ['http', HTTP, /^Connection(Closed|Reset)$/],
  ])('%s', async (_, kind, reason) => {
    await using server = await serving((socket) => socket.end());
    expect((await probeOnce(server.at, kind)).reason).toMatch(reason);
  });
});

describe('a probe of a backend that sends without end', () => {
  it.each<[string, HealthCheckKind]>([
    ['tcp with an exchange', exchangeOf('', 'never said')],
    ['tcp with a pattern', exchangeOf('', /^(x+x+)+y/)],
    ['http', HTTP],
  ])('%s', async (_, kind) => {
    await using server = await serving((socket) => {
      const talk = () => {
        while (!socket.destroyed && socket.write('x'.repeat(16_384)));
      };
      socket.on('drain', talk);
      talk();
    });
    const { healthy, reason } = await probeOnce(server.at, kind);
    expect(healthy).toBe(false);
    // A pattern's time is CPU time; a machine that has none to give makes the probe say so.
    expect(reason).toMatch(/^(UnexpectedResponse|ProbeStalled)$/);
  });
});

describe('a probe of a backend that answers one byte at a time', () => {
  it.each<[string, HealthCheckKind, string]>([
    ['tcp with an exchange', exchangeOf('', 'HTTP/1.1 200 OK'), 'ResponseMatched'],
    [
      'http',
      { ...HTTP, http: { ...HTTP.http, body: { kind: 'pattern', source: '^wiki$' } } },
      'ResponseMatched',
    ],
  ])('%s', async (_, kind, reason) => {
    const response =
      'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nwik\r\n1\r\ni\r\n0\r\n\r\n';
    const plain = kind.type === 'tcp' ? 'HTTP/1.1 200 OK' : response;
    await using server = await serving((socket) => {
      socket.setNoDelay();
      const say = (at: number): void => {
        if (at < plain.length) socket.write(plain.charAt(at), () => setImmediate(say, at + 1));
      };
      say(0);
    });
    expect(await probeOnce(server.at, kind)).toMatchObject({ reason });
  });
});

describe('a probe of a listener whose backlog is full', () => {
  it('fails with a connect timeout', async () => {
    await using listener = await ListenerProcess.full();
    expect(await probeOnce(`127.0.0.1:${listener.port}`, TCP, { timeoutMs: 400 })).toMatchObject({
      healthy: false,
      reason: 'ConnectTimeout',
      speaksOf: 'backend',
    });
  });
});

describe('OneShotChecks over answering and silent hosts', () => {
  it('has the verdicts of the answering hosts long before the timeouts of the silent hosts', async () => {
    await using sink = await ListenerProcess.sink();
    await using full = await ListenerProcess.full();
    const settings = { timeoutMs: 600, fastIntervalMs: 100, intervalMs: 1_000 };
    const dead = Array.from({ length: 20 }, (_, at) => checkAt(`127.99.0.${at + 1}:${full.port}`, settings));
    const living = Array.from({ length: 20 }, (_, at) =>
      checkAt(`127.99.1.${at + 1}:${sink.port}`, settings),
    );
    const startedMs = performance.now();
    const isDead = new Set(dead.map(({ id }) => id));
    const endedAtMs = { dead: 0, living: 0 };
    const verdicts = await formVerdicts(
      [...dead, ...living],
      {
        previous: NOTHING_KNOWN,
        prober: proberOver(new TcpDialer(systemClock), systemClock),
        clock: systemClock,
        random: systemRandom,
        maxInFlight: 40,
        timeoutMs: 20_000,
        onEnded: (id) => {
          endedAtMs[isDead.has(id) ? 'dead' : 'living'] = performance.now() - startedMs;
        },
      },
      new AbortController().signal,
    );
    const verdictsOf = (checks: readonly Check[]) => [
      ...new Set(checks.map(({ id }) => verdicts.get(id)?.verdict)),
    ];
    expect([verdictsOf(dead), verdictsOf(living)]).toEqual([['unhealthy'], ['healthy']]);
    expect(endedAtMs.dead).toBeGreaterThan(3 * settings.timeoutMs);
    expect(endedAtMs.living).toBeLessThan(2 * settings.timeoutMs);
  });
});

describe('a probe in a process without free file descriptors', () => {
  it('fails because of the worker, and gives no verdict about the backend', async () => {
    await using sink = await ListenerProcess.sink();
    const program = `ulimit -n 60; exec "$0" test/programs/dial-many.ts 127.0.0.1 ${sink.port} 80`;
    const codes = JSON.parse(
      execFileSync('sh', ['-c', program, process.execPath], { encoding: 'utf8' }),
    ) as string[];
    expect(codes.length).toBeGreaterThan(0);
    expect(new Set(codes)).toEqual(new Set(['EMFILE']));
    expect(blameForNoConnection({ code: 'EMFILE', message: '' })).toEqual({
      reason: 'LocalResourcesExhausted',
      speaksOf: 'worker',
    });
  });
});

describe.skipIf(missing(['ip', 'nft'], { root: true }))('a probe over a network without a route', () => {
  let namespace: NetworkNamespace;

  beforeAll(() => {
    namespace = new NetworkNamespace(1);
  });
  afterAll(() => namespace[Symbol.dispose]());

  it('reports a refused connection when the host answers and the port is closed', async () => {
    expect(await probeOnce(`${namespace.peer}:81`, TCP)).toMatchObject({
      reason: 'ConnectionRefused',
      speaksOf: 'backend',
    });
  });

  it('reports an unreachable host', async () => {
    // The kernel asks three times, a second apart, who has the address (neigh/*/mcast_solicit).
    expect(await probeOnce(`${namespace.nobody}:80`, TCP, { timeoutMs: 8_000 })).toMatchObject({
      reason: 'HostUnreachable',
      speaksOf: 'backend',
    });
  });

  it.each([
    ['throw', 'NetworkUnreachable', 'route'],
    ['unreachable', 'HostUnreachable', 'backend'],
    ['prohibit', 'ConnectNotPermitted', 'worker'],
    ['blackhole', 'NetworkUnreachable', 'route'],
  ])('reports the reason of a route of type %s', async (type, reason, speaksOf) => {
    const address = `198.18.78.${['throw', 'unreachable', 'prohibit', 'blackhole'].indexOf(type) + 1}`;
    namespace.addRoute(type, address);
    expect(await probeOnce(`${address}:80`, TCP)).toMatchObject({ reason, speaksOf });
  });

  it('reports that this host has no ephemeral port left', () => {
    namespace.inside('sysctl', '-q', '-w', 'net.ipv4.ip_local_port_range=40000 40001');
    // Within the namespace a listener of its own; three dials for two ports.
    const listener = `import net from 'node:net'; const s = net.createServer().listen(9000, '127.0.0.1', async () => {`;
    const dial = `process.argv.splice(1, 1, 'x', '127.0.0.1', '9000', '3'); await import('${process.cwd()}/test/programs/dial-many.ts'); process.exit(); });`;
    const script = `${listener}${dial}`;
    const printed = namespace.inside(process.execPath, '--input-type=module', '-e', script);
    expect(JSON.parse(printed)).toEqual(['EADDRNOTAVAIL']);
  });

  it('reports dropped SYNs as a timeout only', async () => {
    namespace.swallow();
    const sample = await probeOnce(`${namespace.peer}:81`, TCP, { timeoutMs: 300 });
    expect(sample).toMatchObject({
      reason: 'ConnectTimeout',
      message: 'no answer to the connection attempt within 300 ms',
      speaksOf: 'backend',
    });
    // Of its own, and not the kernel's, which sends the first SYN again after a second and gives up after two minutes.
    expect(sample.latencyMs).toBeGreaterThanOrEqual(299);
    expect(sample.latencyMs).toBeLessThan(30_000);
  });
});
