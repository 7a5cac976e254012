import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KubeStore } from '../../../src/io/kube-store.ts';
import { KubeTransport } from '../../../src/io/kube-transport.ts';
import { answered, ScriptedApi } from '../../support/scripted-api.ts';
import { SkippingClock } from '../../support/skipping-clock.ts';

const never = new AbortController().signal;

let api: ScriptedApi;
let transport: KubeTransport;
let store: KubeStore;
beforeEach(async () => {
  api = await ScriptedApi.start();
  transport = new KubeTransport({
    load: () => api.kubeConfig(),
    clock: new SkippingClock(),
    userAgent: 'test',
  });
  store = new KubeStore(transport);
});
afterEach(async () => {
  transport.close();
  await api[Symbol.asyncDispose]();
});

const page = (names: readonly string[], next = '') =>
  answered(200, {
    metadata: { resourceVersion: '7', ...(next === '' ? {} : { continue: next }) },
    items: names.map((name) => ({ metadata: { name } })),
  });

describe('a list', () => {
  it('is read page by page, and its items have apiVersion and kind', async () => {
    api.next.push(page(['a', 'b'], 'next page/+='), page(['c']));
    const list = await store.list('EndpointSlice', { namespace: 'shop', labelSelector: 'a in (b,c)' }, never);
    expect(list).toMatchObject({ ok: true, value: { resourceVersion: '7' } });
    expect(list.ok ? list.value.items : []).toEqual(
      ['a', 'b', 'c'].map((name) => ({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name },
      })),
    );
    const [first, second] = api.requests.map(({ url }) => new URL(url, api.url));
    expect(first?.pathname).toBe('/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices');
    expect(Object.fromEntries(first?.searchParams ?? [])).toEqual({
      limit: '500',
      labelSelector: 'a in (b,c)',
    });
    expect(second?.searchParams.get('continue')).toBe('next page/+=');
  });

  it('that takes longer than the server’s history is read again at once', async () => {
    api.next.push(
      page(['a'], 'token'),
      answered(410, {
        kind: 'Status',
        reason: 'Expired',
        message: 'The provided continue parameter is too old',
      }),
      page(['a', 'b']),
    );
    const list = await store.list('Service', {}, never);
    expect(list.ok ? list.value.items.map(({ metadata }) => metadata.name) : []).toEqual(['a', 'b']);
    expect(api.requests.at(-1)?.url).toBe('/api/v1/services');
  });

  it('that is empty may lack its items', async () => {
    api.next.push(answered(200, { metadata: { resourceVersion: '1' }, items: null }));
    expect(await store.list('Service', {}, never)).toMatchObject({ ok: true, value: { items: [] } });
  });

  it('fails if one page fails', async () => {
    api.next.push(page(['a'], 'token'), answered(403, { kind: 'Status', message: 'no' }));
    expect(await store.list('Service', {}, never)).toMatchObject({ failure: { reason: 'Forbidden' } });
  });
});

describe('paths', () => {
  it.each([
    ['Service', '/api/v1/namespaces/shop/services/db'],
    ['Endpoints', '/api/v1/namespaces/shop/endpoints/db'],
    ['EndpointSlice', '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices/db'],
    ['ConfigMap', '/api/v1/namespaces/shop/configmaps/db'],
    ['Lease', '/apis/coordination.k8s.io/v1/namespaces/shop/leases/db'],
    ['Event', '/apis/events.k8s.io/v1/namespaces/shop/events/db'],
    ['Namespace', '/api/v1/namespaces/db'],
  ] as const)('of a %s', async (kind, path) => {
    await store.get({ kind, namespace: 'shop', name: 'db' }, never);
    expect(api.requests[0]?.url).toBe(path);
  });

  it('escape every name', async () => {
    await store.get({ kind: 'Service', namespace: 'a/../../b', name: '?x=1#y' }, never);
    expect(api.requests[0]?.url).toBe('/api/v1/namespaces/a%2F..%2F..%2Fb/services/%3Fx%3D1%23y');
  });
});

describe('an answer that is not from the API server', () => {
  it.each(['<html>log in first</html>', 'null', '{}', '[]', '"ok"'])('%s is a failure', async (body) => {
    api.always = answered(200, body);
    expect(await store.get({ kind: 'Service', namespace: 'shop', name: 'db' }, never)).toEqual({
      ok: false,
      failure: {
        reason: 'ServerError',
        httpStatus: 200,
        message: `this is not the answer of an API server: ${body}`,
        outcomeUnknown: true,
      },
    });
    expect(await store.list('Service', {}, never)).toMatchObject({ ok: false });
  });
});
