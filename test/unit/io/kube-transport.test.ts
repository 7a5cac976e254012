import { describe, expect, it } from 'vitest';
import type { KubeRequest } from '../../../src/io/kube-retry.ts';
import { DEFAULT_TRANSPORT_LIMITS, KubeTransport } from '../../../src/io/kube-transport.ts';
import { answered, dropped, ScriptedApi, silence } from '../../support/scripted-api.ts';
import { SkippingClock } from '../../support/skipping-clock.ts';
import { waitFor } from '../../support/wait-for.ts';

const GET: KubeRequest = { method: 'GET', path: '/api/v1/services' };
const PATCH: KubeRequest = {
  method: 'PATCH',
  path: '/api/v1/namespaces/shop/services/db?fieldManager=x',
  contentType: 'application/apply-patch+yaml',
  body: '{"kind":"Service"}',
};
const never = new AbortController().signal;

interface Bench extends AsyncDisposable {
  readonly api: ScriptedApi;
  readonly clock: SkippingClock;
  readonly transport: KubeTransport;
}

async function bench(limits: Partial<typeof DEFAULT_TRANSPORT_LIMITS> = {}): Promise<Bench> {
  const api = await ScriptedApi.start();
  const clock = new SkippingClock();
  const transport = new KubeTransport({
    load: () => api.kubeConfig(),
    clock,
    userAgent: 'external-endpoints/1.2.3',
    limits: { ...DEFAULT_TRANSPORT_LIMITS, ...limits },
  });
  const close = async () => {
    transport.close();
    await api[Symbol.asyncDispose]();
  };
  return { api, clock, transport, [Symbol.asyncDispose]: close };
}

describe('one request', () => {
  it('is sent unchanged, with the user agent', async () => {
    await using here = await bench();
    here.api.always = answered(201, { kind: 'Service' });
    const answer = await here.transport.send(PATCH, never);
    expect(answer).toEqual({ ok: true, httpStatus: 201, body: '{"kind":"Service"}', warnings: [] });
    expect(here.api.requests).toMatchObject([
      {
        method: 'PATCH',
        url: '/api/v1/namespaces/shop/services/db?fieldManager=x',
        body: '{"kind":"Service"}',
        headers: {
          'user-agent': 'external-endpoints/1.2.3',
          'content-type': 'application/apply-patch+yaml',
          accept: 'application/json',
        },
      },
    ]);
  });

  it('is not retried after its fence has closed', async () => {
    await using here = await bench();
    const failure = {
      reason: 'NotLeader',
      httpStatus: 0,
      message: 'deposed',
      outcomeUnknown: false,
    } as const;
    let tries = 0;
    const fence = () => {
      tries += 1;
      return tries > 3 ? failure : undefined;
    };
    here.api.always = answered(429, 'later', { 'retry-after': '30' });
    expect(await here.transport.send({ ...PATCH, fence }, never)).toEqual({ ok: false, failure });
    // The fence is called before the wait and after it.
    expect([here.api.requests.length, tries]).toEqual([1, 4]);
    expect(await here.transport.send({ ...PATCH, fence }, never)).toEqual({ ok: false, failure });
    expect(here.api.requests).toHaveLength(1);
  });

  it('returns warnings, unquoted and separate', async () => {
    await using here = await bench();
    const warnings = ['299 - "v1 Endpoints is deprecated"', '299 - "say \\"when\\", and \\\\ too"'];
    here.api.always = answered(200, {}, { Warning: warnings.join(', ') });
    expect(await here.transport.send(GET, never)).toMatchObject({
      warnings: ['v1 Endpoints is deprecated', 'say "when", and \\ too'],
    });
  });

  it('ends at once when its signal aborts, with the signal’s reason', async () => {
    await using here = await bench();
    here.api.always = silence;
    const abort = new AbortController();
    const sending = here.transport.send(GET, abort.signal);
    await waitFor('the request to arrive', () => here.api.requests.length === 1);
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(sending).rejects.toBe(reason);
    await expect(here.transport.send(GET, abort.signal)).rejects.toBe(reason);
    expect(here.api.requests).toHaveLength(1);
  });
});

describe('a server that accepts connections without a handshake', () => {
  it('does not delay a request beyond its abort', async () => {
    await using mute = await ScriptedApi.start('mute');
    const load = () => mute.kubeConfig();
    const clock = new SkippingClock();
    const limits = { ...DEFAULT_TRANSPORT_LIMITS, timeoutMs: 50, attempts: 1 };
    const hasty = new KubeTransport({ load, clock, userAgent: 'test', limits });
    expect(await hasty.send(GET, never)).toMatchObject({ failure: { reason: 'Timeout' } });
    const patient = new KubeTransport({ load, clock, userAgent: 'test' });
    const abort = new AbortController();
    const sending = patient.send(GET, abort.signal);
    await waitFor('the connection', () => mute.connections === 2);
    abort.abort(new Error('enough'));
    await expect(sending).rejects.toThrow('enough');
    for (const transport of [hasty, patient]) transport.close();
  });
});

describe('connections', () => {
  it('are kept for the next request', async () => {
    await using here = await bench();
    for (let at = 0; at < 20; at++) await here.transport.send(PATCH, never);
    expect(here.api.requests).toHaveLength(20);
    // The first is sometimes not yet free at the very moment when its answer has been read.
    expect(here.api.connections).toBeLessThanOrEqual(2);
  });

  it('never exceed the limit, for any number of requests', async () => {
    await using here = await bench({ connections: 4 });
    let mostOpen = 0;
    here.api.always = (response) => {
      mostOpen = Math.max(mostOpen, here.api.open);
      setImmediate(() => response.end('{}'));
    };
    const answers = await Promise.all(Array.from({ length: 100 }, () => here.transport.send(PATCH, never)));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    expect(here.api.connections).toBe(4);
    expect(mostOpen).toBe(4);
    expect(here.transport.requestCount).toBe(100);
  });

  it('all end with close', async () => {
    await using here = await bench();
    await Promise.all([here.transport.send(GET, never), here.transport.send(GET, never)]);
    expect(here.api.open).toBe(2);
    here.transport.close();
    await waitFor('the connections to end', () => here.api.open === 0);
  });
});

describe('a server that is too busy', () => {
  it('gets the request again after its Retry-After, writes included', async () => {
    await using here = await bench();
    const busy = answered(429, 'Too many requests, please try again later.\n', { 'Retry-After': '7' });
    here.api.next.push(busy, busy);
    expect(await here.transport.send(PATCH, never)).toMatchObject({ ok: true });
    expect(here.clock.sleptMs).toEqual([7_000, 7_000]);
    expect(here.transport.requestCount).toBe(3);
  });

  it('gets four tries, with pauses of at most half a minute', async () => {
    await using here = await bench();
    here.api.always = answered(429, 'Too many requests\n', { 'Retry-After': '3600' });
    expect(await here.transport.send(PATCH, never)).toEqual({
      ok: false,
      failure: {
        reason: 'TooManyRequests',
        httpStatus: 429,
        message: 'Too many requests',
        outcomeUnknown: false,
        retryAfterMs: 3_600_000,
      },
    });
    expect(here.clock.sleptMs).toEqual([30_000, 30_000, 30_000]);
  });

  it('without Retry-After gets longer pauses from try to try', async () => {
    await using here = await bench();
    here.api.always = answered(429, 'Too many requests\n', {
      'Retry-After': 'Wed, 21 Oct 2026 07:28:00 GMT',
    });
    await here.transport.send(GET, never);
    expect(here.clock.sleptMs).toEqual([200, 400, 800]);
  });
});

describe('an error of the server', () => {
  it('is retried if that is safe', async () => {
    await using here = await bench();
    here.api.next.push(answered(503, 'starting'), answered(500, { reason: 'InternalError' }));
    expect(await here.transport.send(GET, never)).toMatchObject({ ok: true });
    expect(here.clock.sleptMs).toEqual([200, 400]);
  });

  it('leaves the outcome of a write unknown, so the write is sent once', async () => {
    await using here = await bench();
    here.api.always = answered(504, 'Gateway Timeout');
    const failure = { reason: 'Timeout', httpStatus: 504, outcomeUnknown: true };
    expect(await here.transport.send(PATCH, never)).toMatchObject({ ok: false, failure });
    expect(here.api.requests).toHaveLength(1);
  });

  it('is not retried if the request is invalid', async () => {
    await using here = await bench();
    here.api.always = answered(404, { kind: 'Status', reason: 'NotFound', message: 'no such thing' });
    expect(await here.transport.send(GET, never)).toMatchObject({ failure: { reason: 'NotFound' } });
    expect(here.api.requests).toHaveLength(1);
  });

  it('is cut to one line', async () => {
    await using here = await bench({ attempts: 1 });
    here.api.always = answered(502, `<html>${'x'.repeat(1_000_000)}</html>`);
    const answer = await here.transport.send(GET, never);
    expect(answer.ok ? 0 : answer.failure.message.length).toBe(500);
  });
});

describe('no answer', () => {
  it('within the time of one try is a timeout; reads are tried again', async () => {
    await using here = await bench({ timeoutMs: 1_000 });
    here.api.next.push(silence);
    expect(await here.transport.send(GET, never)).toMatchObject({ ok: true });
    here.api.next.push(silence);
    expect(await here.transport.send(PATCH, never)).toEqual({
      ok: false,
      failure: {
        reason: 'Timeout',
        httpStatus: 0,
        message: 'no answer within 1000 ms',
        outcomeUnknown: true,
      },
    });
    expect(here.api.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'PATCH']);
  });

  it('within the answer is a timeout too', async () => {
    await using here = await bench({ timeoutMs: 50, attempts: 1 });
    here.api.always = (response) => {
      response.writeHead(200, { 'Content-Length': '100' });
      response.write('{"kind":');
    };
    expect(await here.transport.send(GET, never)).toMatchObject({ failure: { reason: 'Timeout' } });
  });

  it('after a broken connection leaves the outcome of a write unknown', async () => {
    await using here = await bench();
    here.api.next.push(dropped);
    expect(await here.transport.send(GET, never)).toMatchObject({ ok: true });
    here.api.next.push(dropped);
    const failure = { reason: 'Unreachable', httpStatus: 0, outcomeUnknown: true };
    expect(await here.transport.send(PATCH, never)).toMatchObject({ ok: false, failure });
    expect(here.api.requests.map(({ method }) => method)).toEqual(['GET', 'GET', 'PATCH']);
  });

  it('from a closed port means that nothing was written', async () => {
    const here = await bench({ attempts: 1 });
    await here[Symbol.asyncDispose]();
    const failure = { reason: 'Unreachable', httpStatus: 0, outcomeUnknown: false };
    const answer = await here.transport.send(PATCH, never);
    expect(answer).toMatchObject({ ok: false, failure });
    expect(answer.ok ? '' : answer.failure.message).toContain('ECONNREFUSED');
  });
});

describe('an answer that is too large', () => {
  it('is rejected, and not requested again', async () => {
    await using here = await bench({ maxResponseBytes: 10_000 });
    here.api.next.push(answered(200, 'x'.repeat(9_000)), answered(200, 'x'.repeat(1_000_000)));
    expect(await here.transport.send(GET, never)).toMatchObject({ ok: true });
    expect(await here.transport.send(GET, never)).toMatchObject({
      failure: { reason: 'ServerError', message: 'the answer is larger than the limit' },
    });
    expect(here.api.requests).toHaveLength(2);
    expect(await here.transport.send(GET, never)).toMatchObject({ ok: true });
  });
});

describe('writes', () => {
  it('adapt to the load that the server can take', async () => {
    await using here = await bench({ attempts: 100 });
    const capacity = 3;
    let underWay = 0;
    let refused = 0;
    here.api.always = (response) => {
      if (underWay >= capacity) {
        refused += 1;
        response.writeHead(429, { 'Retry-After': '1' });
        response.end('Too many requests, please try again later.');
        return;
      }
      underWay += 1;
      setTimeout(() => {
        underWay -= 1;
        response.end('{}');
      }, 5);
    };
    const write = (count: number) =>
      Promise.all(Array.from({ length: count }, () => here.transport.send(PATCH, never)));
    const first = await write(100);
    const refusedAtFirst = refused;
    const second = await write(200);
    expect([...first, ...second].every(({ ok }) => ok)).toBe(true);
    // Sixteen at once against three would be rejected four times out of five.
    expect(refused - refusedAtFirst).toBeLessThan(100);
  });

  it('of leader election do not wait for others', async () => {
    await using here = await bench({ connections: 1, timeoutMs: 60_000 });
    here.api.next.push(silence);
    const stop = new AbortController();
    const stuck = [here.transport.send(PATCH, stop.signal), here.transport.send(PATCH, stop.signal)];
    await waitFor('the first to be sent', () => here.api.requests.length === 1);
    const renewal = {
      ...PATCH,
      path: '/apis/coordination.k8s.io/v1/namespaces/shop/leases/x',
      isUrgent: true,
    };
    expect(await here.transport.send(renewal, never)).toMatchObject({ ok: true });
    expect(here.api.requests).toHaveLength(2);
    const reason = new Error('stop');
    stop.abort(reason);
    for (const each of await Promise.allSettled(stuck)) expect(each).toMatchObject({ reason });
  });
});
