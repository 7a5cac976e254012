import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Backend } from '../../src/embedded/backend.ts';
import type { Connection, DialResult } from '../../src/health/dialer.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { TcpDialer } from '../../src/io/tcp-dialer.ts';
import { TokenBucket } from '../../src/time/token-bucket.ts';
import { ip } from '../support/addresses.ts';
import { ListenerProcess } from '../support/listener-process.ts';
import { openSockets } from '../support/open-sockets.ts';

const LOOPBACK = ip('127.0.0.1');
const never = new AbortController().signal;

function connectionOf(result: DialResult): Connection {
  if (!result.connected) throw new Error(result.fault.message);
  return result.connection;
}

describe('TcpDialer', () => {
  const dialer = new TcpDialer(systemClock);
  const backends: Backend[] = [];

  async function backend(options = {}): Promise<Backend> {
    const started = await Backend.start(LOOPBACK, options);
    backends.push(started);
    return started;
  }

  afterEach(async () => {
    await Promise.all(backends.splice(0).map((each) => each.stop()));
    await expect.poll(openSockets).toBe(0);
  });

  it('connects and closes', async () => {
    const { address, port } = await backend();
    const result = await dialer.dial({ address, port }, never);
    connectionOf(result).close();
  });

  it('reports ECONNREFUSED when no process listens', async () => {
    const refusing = await backend();
    const { address, port } = refusing;
    await refusing.become('refuse');
    expect(await dialer.dial({ address, port }, never)).toMatchObject({
      connected: false,
      fault: { code: 'ECONNREFUSED' },
    });
    await refusing.become('accept');
    connectionOf(await dialer.dial({ address, port }, never)).close();
  });

  it('reads the bytes of the backend, then its end', async () => {
    const greeter = await backend({ greeting: 'hello' });
    const connection = connectionOf(await dialer.dial(greeter, never));
    const result = await connection.read(never);
    expect(result.kind === 'data' && Buffer.from(result.bytes).toString()).toBe('hello');
    await greeter.become('refuse');
    expect((await connection.read(never)).kind).not.toBe('data');
    connection.close();
  });

  it('ends a read when its signal aborts', async () => {
    const silent = await backend();
    await silent.become('hang');
    const connection = connectionOf(await dialer.dial(silent, never));
    const abort = new AbortController();
    const reading = connection.read(abort.signal);
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(reading).rejects.toBe(reason);
    connection.close();
  });

  it('ends dialing when its signal aborts, and leaves no socket', async () => {
    const abort = new AbortController();
    // 198.51.100.0/24 is for documentation (RFC 5737): whether it is unreachable or silent, nobody answers.
    const dialing = dialer.dial({ address: ip('198.51.100.1'), port: 9 }, abort.signal);
    abort.abort(new Error('enough'));
    await expect(dialing).rejects.toThrow('enough');
    await expect(dialer.dial({ address: LOOPBACK, port: 9 }, abort.signal)).rejects.toThrow('enough');
  });

  it.each(['dial', 'reach'] as const)(
    'closes a connection attempt at once when its signal aborts, without a budget too (%s)',
    async (how) => {
      await using silent = await ListenerProcess.full();
      const abort = new AbortController();
      const poor = new TcpDialer(systemClock, new TokenBucket(0, 0));
      const before = openSockets();
      const dialing = poor[how]({ address: LOOPBACK, port: silent.port }, abort.signal);
      await expect.poll(openSockets).toBe(before + 1);
      abort.abort(new Error('enough'));
      await expect(dialing).rejects.toThrow('enough');
      await expect.poll(openSockets).toBe(before);
    },
  );

  it.each([
    [10, 'end'],
    [0, 'ECONNRESET'],
  ])('with a budget of %i closes so that the peer sees: %s', async (perMinute, seen) => {
    const server = createServer().listen(0, LOOPBACK);
    await once(server, 'listening');
    const port = (server.address() as AddressInfo).port;
    const ending = new Promise<string>((resolve) => {
      server.once('connection', (socket) => {
        socket.resume();
        socket.once('end', () => resolve('end'));
        socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      });
    });
    const poor = new TcpDialer(systemClock, new TokenBucket(perMinute, perMinute));
    connectionOf(await poor.dial({ address: LOOPBACK, port }, never)).close();
    expect(await ending).toBe(seen);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('systemClock', () => {
  it('delivers arrived packets before it ends a sleep, after the process was stopped', async () => {
    await using sink = await ListenerProcess.sink();
    const order: string[] = [];
    const dialer = new TcpDialer(systemClock);
    const dialing = dialer.dial({ address: LOOPBACK, port: sink.port }, never).then((result) => {
      order.push('connected');
      connectionOf(result).close();
    });
    const sleeping = systemClock.sleep(1, never).then(() => order.push('slept'));
    await new Promise(process.nextTick);
    // Stands still.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    await Promise.all([dialing, sleeping]);
    expect(order).toEqual(['connected', 'slept']);
    await expect.poll(openSockets).toBe(0);
  });
});
