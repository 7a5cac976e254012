import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ApiResult, WatchEvent } from '../../../src/cluster/object-store.ts';
import type { KubeObject } from '../../../src/manifest/kube-object.ts';
import { type EmbeddedCluster, startEmbeddedCluster } from '../../support/embedded-cluster.ts';
import { openSockets } from '../../support/open-sockets.ts';

const never = new AbortController().signal;
const WRITE = { dryRun: false };

let cluster: EmbeddedCluster;
let socketsBefore: number;

beforeAll(async () => {
  socketsBefore = openSockets();
  cluster = await startEmbeddedCluster();
});

afterAll(async () => {
  await cluster.close();
  await vi.waitUntil(() => openSockets() === socketsBefore, { timeout: 5_000 });
});

function configMap(name: string, data: Readonly<Record<string, string>>): KubeObject & { data: object } {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'default', name }, data };
}

function withData(object: KubeObject, data: Readonly<Record<string, string>>): KubeObject & { data: object } {
  return { ...object, data };
}

function unwrap<T>(result: ApiResult<T>): T {
  if (!result.ok) throw new Error(`${result.failure.reason}: ${result.failure.message}`);
  return result.value;
}

async function take(events: AsyncIterator<WatchEvent>, count: number): Promise<WatchEvent[]> {
  const taken: WatchEvent[] = [];
  while (taken.length < count) {
    const next = await events.next();
    if (next.done === true) throw new Error(`the watch ended after ${taken.length} events`);
    taken.push(next.value);
  }
  return taken;
}

describe('KubeStore, with complete objects', () => {
  it('creates an object once', async () => {
    const body = configMap('made', { a: '1' });
    const first = await cluster.store.create(body, WRITE, never);
    expect(first).toMatchObject({ ok: true, created: true, value: { data: { a: '1' } } });
    expect(await cluster.store.create(body, WRITE, never)).toMatchObject({
      ok: false,
      failure: { reason: 'AlreadyExists', outcomeUnknown: false },
    });
  });

  it('replaces the version that was read, and no newer one', async () => {
    const made = unwrap(await cluster.store.create(configMap('replaced', { a: '1' }), WRITE, never));
    const body = withData(made, { a: '2' });
    expect(await cluster.store.replace(body, WRITE, never)).toMatchObject({ ok: true, created: false });
    expect(await cluster.store.replace(withData(made, { a: '3' }), WRITE, never)).toMatchObject({
      ok: false,
      failure: { reason: 'Conflict' },
    });
    await expect(cluster.store.replace(configMap('replaced', {}), WRITE, never)).rejects.toThrow(
      'without a resourceVersion',
    );
  });

  it('stores nothing on a dry run', async () => {
    expect(await cluster.store.create(configMap('dry', {}), { dryRun: true }, never)).toMatchObject({
      ok: true,
    });
    const reference = { kind: 'ConfigMap', namespace: 'default', name: 'dry' } as const;
    expect(await cluster.store.get(reference, never)).toMatchObject({
      ok: false,
      failure: { reason: 'NotFound' },
    });
  });

  it('creates an Event', async () => {
    const event = {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace: 'default', name: 'web.1' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'external-endpoints',
      reportingInstance: 'external-endpoints-0',
      action: 'Sync',
      reason: 'Written',
      regarding: { apiVersion: 'v1', kind: 'Service', namespace: 'default', name: 'web' },
      note: 'text',
      type: 'Normal',
    };
    expect(await cluster.store.create(event, WRITE, never)).toMatchObject({
      ok: true,
      value: { reason: 'Written' },
    });
  });
});

describe('KubeStore.watch', () => {
  it('yields every change after the list, within its scope', async () => {
    const scope = { namespace: 'default', fieldSelector: 'metadata.name=watched' };
    const { resourceVersion, items } = unwrap(await cluster.store.list('ConfigMap', scope, never));
    expect(items).toEqual([]);
    await cluster.store.create(configMap('other', {}), WRITE, never);
    const made = unwrap(await cluster.store.create(configMap('watched', { a: '1' }), WRITE, never));
    const stop = new AbortController();
    const events = cluster.store
      .watch('ConfigMap', { ...scope, resourceVersion }, stop.signal)
      [Symbol.asyncIterator]();
    expect(await take(events, 1)).toEqual([{ type: 'ADDED', object: made }]);
    const changed = unwrap(await cluster.store.replace(withData(made, { a: '2' }), WRITE, never));
    const { uid = '', resourceVersion: version = '' } = changed.metadata;
    await cluster.store.delete(
      { kind: 'ConfigMap', namespace: 'default', name: 'watched' },
      { ...WRITE, uid, resourceVersion: version },
      never,
    );
    expect(await take(events, 2)).toMatchObject([
      { type: 'MODIFIED', object: { metadata: { resourceVersion: version } } },
      { type: 'DELETED' },
    ]);
    const pending = events.next();
    const reason = new Error('stop');
    stop.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });

  it('ends when the server ends it', async () => {
    const { resourceVersion } = unwrap(await cluster.store.list('Service', {}, never));
    const events = cluster.store.watch('Service', { resourceVersion }, never)[Symbol.asyncIterator]();
    const next = events.next();
    await expect.poll(() => cluster.server.core.watches.count).toBe(1);
    cluster.server.core.watches.cutAll();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it('yields Expired for a version that the server has forgotten', async () => {
    const events: WatchEvent[] = [];
    for await (const event of cluster.store.watch('Service', { resourceVersion: '1' }, never))
      events.push(event);
    expect(events).toMatchObject([{ type: 'FAILED', failure: { reason: 'Expired', httpStatus: 410 } }]);
  });

  it('ends its connection when its reader ends', async () => {
    const { resourceVersion } = unwrap(await cluster.store.list('ConfigMap', {}, never));
    await cluster.store.create(configMap('left', {}), WRITE, never);
    for await (const event of cluster.store.watch('ConfigMap', { resourceVersion }, never)) {
      expect(event).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'left' } } });
      break;
    }
    await expect.poll(() => cluster.server.core.watches.count).toBe(0);
  });

  it('uses no connection of requests, with two hundred watches', async () => {
    const stop = new AbortController();
    const { resourceVersion } = unwrap(await cluster.store.list('ConfigMap', {}, never));
    const seen = Promise.all(
      Array.from({ length: 200 }, async () => {
        for await (const event of cluster.store.watch('ConfigMap', { resourceVersion }, stop.signal))
          return event;
        return undefined;
      }),
    );
    await expect.poll(() => cluster.server.core.watches.count, { timeout: 5_000 }).toBe(200);
    await cluster.store.create(configMap('seen-by-all', {}), WRITE, never);
    const names = (await seen).map((event) => event?.type === 'ADDED' && event.object.metadata.name);
    expect(new Set(names)).toEqual(new Set(['seen-by-all']));
    stop.abort();
  });
});
