import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ALL_CONTROLLERS } from '../../../src/embedded/apiserver/controllers/controllers.ts';
import {
  ApiClient,
  type Body,
  CONFIG_MAPS,
  ENDPOINTS,
  SERVICES,
  SLICES,
  slice,
} from '../../support/api-client.ts';

const MIRROR = 'endpointslicemirroring-controller.k8s.io';
const CONTROLLER = 'endpointslice-controller.k8s.io';

let client: ApiClient;

beforeEach(() => {
  client = new ApiClient();
});

afterEach(() => client.closing.abort());

function start(controllers = ALL_CONTROLLERS, pods: readonly { ip: string; ready: boolean }[] = []): void {
  client.server.startControllers({ controllers, selectPods: () => pods }, client.closing.signal);
}

const SERVICE = { metadata: { name: 'db' }, spec: { ports: [{ name: 'pg', port: 5432 }] } };
const SUBSET = { addresses: [{ ip: '10.1.1.1' }], ports: [{ name: 'pg', port: 5432 }] };

async function createHandKept(metadata: object = {}, subsets: object[] = [SUBSET]): Promise<void> {
  await client.post(SERVICES, SERVICE);
  await client.post(ENDPOINTS, { metadata: { name: 'db', ...metadata }, subsets });
}

async function slicesBy(manager: string): Promise<readonly Body[]> {
  await client.clock.advance(100);
  const selector = `endpointslice.kubernetes.io/managed-by=${manager}`;
  return (await client.get(`${SLICES}?labelSelector=${selector}`)).body.items;
}

describe('endpointslice-mirroring-controller', () => {
  it('mirrors custom Endpoints with their labels and annotations', async () => {
    start();
    const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
    await createHandKept({ labels: { app: 'db' }, annotations: { note: 'x', [lastApplied]: '{}' } });
    const [mirrored, ...others] = await slicesBy(MIRROR);
    expect(others).toEqual([]);
    expect(mirrored).toMatchObject({
      metadata: {
        generateName: 'db-',
        labels: { app: 'db', 'kubernetes.io/service-name': 'db' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Endpoints', name: 'db', controller: true }],
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.1.1'], conditions: { ready: true } }],
      ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
    });
    expect(mirrored?.metadata.annotations).toEqual({ note: 'x' });
    expect(mirrored?.metadata.managedFields?.[0]?.manager).toBe('kube-controller-manager');
  });

  it('creates a slice for each family and set of ports; not ready overrides ready', async () => {
    start();
    const both = {
      addresses: [{ ip: '10.1.1.1', hostname: 'h' }, { ip: '2001:db8::1' }],
      notReadyAddresses: [{ ip: '10.1.1.9' }, { ip: '10.1.1.1' }],
      ports: [{ name: 'pg', port: 5432 }],
    };
    await createHandKept({}, [
      both,
      { addresses: [{ ip: '10.1.1.1' }], ports: [{ name: 'metrics', port: 9187 }] },
    ]);
    const seen = (await slicesBy(MIRROR)).map((one) => ({
      port: one.ports[0]?.port,
      endpoints: one.endpoints.map((each) => `${each.addresses[0]} ${each.conditions.ready}`),
    }));
    expect(seen).toHaveLength(3);
    expect(seen).toContainEqual({ port: 5432, endpoints: ['10.1.1.1 false', '10.1.1.9 false'] });
    expect(seen).toContainEqual({ port: 5432, endpoints: ['2001:db8::1 true'] });
    expect(seen).toContainEqual({ port: 9187, endpoints: ['10.1.1.1 true'] });
  });

  it('adds its slices without touching other slices', async () => {
    start();
    await client.post(SLICES, slice('ours', 'db', '10.1.1.1'));
    await createHandKept();
    expect(await slicesBy(MIRROR)).toHaveLength(1);
    await client.delete(`${ENDPOINTS}/db`);
    expect(await slicesBy(MIRROR)).toEqual([]);
    expect((await client.get(`${SLICES}/ours`)).body.metadata.resourceVersion).toBe('106');
  });

  it('deletes its slices when skip-mirror is set, and creates them again when it is removed', async () => {
    start();
    await createHandKept();
    expect(await slicesBy(MIRROR)).toHaveLength(1);
    const skipped = (value: string | null) => ({
      metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': value } },
    });
    await client.patch('merge', `${ENDPOINTS}/db`, skipped('true'));
    expect(await slicesBy(MIRROR)).toEqual([]);
    await client.patch('merge', `${ENDPOINTS}/db`, skipped('yes'));
    expect(await slicesBy(MIRROR)).toHaveLength(1);
  });

  it('follows a change after the delay of a real controller', async () => {
    start();
    await createHandKept();
    await slicesBy(MIRROR);
    const moved = { subsets: [{ ...SUBSET, addresses: [{ ip: '10.1.1.2' }] }] };
    await client.patch('merge', `${ENDPOINTS}/db`, moved);
    const [before] = (await client.get(SLICES)).body.items;
    expect(before?.endpoints[0]?.addresses).toEqual(['10.1.1.1']);
    const [after] = await slicesBy(MIRROR);
    expect(after?.endpoints[0]?.addresses).toEqual(['10.1.1.2']);
    expect(after?.metadata.name).toBe(before?.metadata.name);
  });

  it('writes nothing when nothing changed', async () => {
    start();
    await createHandKept();
    await slicesBy(MIRROR);
    const { revision } = client.server.store;
    await client.clock.advance(60_000);
    expect(client.server.store.revision).toBe(revision);
  });
});

describe('endpoints-controller and endpointslice-controller', () => {
  it('write Endpoints and slices when a Service gets a selector', async () => {
    start(ALL_CONTROLLERS, [{ ip: '10.5.0.1', ready: true }]);
    await createHandKept({
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
      annotations: { a: 'b' },
    });
    await client.patch('merge', `${SERVICES}/db`, {
      metadata: { labels: { svc: 'x' } },
      spec: { selector: { app: 'db' } },
    });
    const [controlled] = await slicesBy(CONTROLLER);
    expect(controlled).toMatchObject({
      metadata: { labels: { svc: 'x' }, ownerReferences: [{ kind: 'Service', name: 'db' }] },
      endpoints: [{ addresses: ['10.5.0.1'] }],
    });
    const endpoints = (await client.get(`${ENDPOINTS}/db`)).body;
    expect(endpoints.metadata.labels).toEqual({
      svc: 'x',
      'endpoints.kubernetes.io/managed-by': 'endpoint-controller',
    });
    expect(endpoints.metadata.annotations).toEqual({
      a: 'b',
      'endpoints.kubernetes.io/last-change-trigger-time': expect.stringMatching(/^20.*Z$/),
    });
    expect(endpoints.subsets).toEqual([
      { addresses: [{ ip: '10.5.0.1' }], ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }] },
    ]);
  });

  it('write one empty slice for a Service whose selector matches no Pod', async () => {
    start();
    await client.post(SERVICES, { ...SERVICE, spec: { ...SERVICE.spec, selector: { app: 'db' } } });
    const [placeholder] = await slicesBy(CONTROLLER);
    expect(placeholder).toMatchObject({ addressType: 'IPv4', endpoints: null, ports: null });
    expect((await client.get(`${ENDPOINTS}/db`)).body.subsets).toBeUndefined();
  });

  it('clean nothing up when the selector is removed, and the remaining Endpoints are mirrored', async () => {
    start(ALL_CONTROLLERS, [{ ip: '10.5.0.1', ready: true }]);
    await client.post(SERVICES, { ...SERVICE, spec: { ...SERVICE.spec, selector: { app: 'db' } } });
    expect(await slicesBy(CONTROLLER)).toHaveLength(1);
    expect(await slicesBy(MIRROR)).toEqual([]);
    await client.patch('merge', `${SERVICES}/db`, { spec: { selector: null } });
    expect(await slicesBy(CONTROLLER)).toHaveLength(1);
    expect(await slicesBy(MIRROR)).toHaveLength(1);
  });

  it('delete Endpoints without a Service only at their start', async () => {
    await client.post(ENDPOINTS, { metadata: { name: 'left' }, subsets: [SUBSET] });
    start();
    await client.clock.advance(100);
    expect((await client.get(`${ENDPOINTS}/left`)).status).toBe(404);
    await client.post(ENDPOINTS, { metadata: { name: 'later' }, subsets: [SUBSET] });
    await client.clock.advance(100);
    expect((await client.get(`${ENDPOINTS}/later`)).status).toBe(200);
  });
});

describe('garbage-collector-controller', () => {
  function ownedBy(...owners: Body[]): object[] {
    return owners.map(({ kind, apiVersion, metadata: { name, uid } }) => ({ kind, apiVersion, name, uid }));
  }

  it('deletes objects whose last owner is gone, and removes single owner references', async () => {
    start(['garbage-collector-controller']);
    const one = (await client.post(SERVICES, SERVICE)).body;
    const two = (await client.post(CONFIG_MAPS, { metadata: { name: 'two' } })).body;
    const metadata = { name: 'both', ownerReferences: ownedBy(one, two) };
    await client.post(SLICES, { ...slice('both', 'db', '10.1.1.1'), metadata });
    await client.delete(`${SERVICES}/db`);
    await client.clock.advance(100);
    const left = (await client.get(`${SLICES}/both`)).body;
    expect(left.metadata.ownerReferences).toEqual(ownedBy(two));
    await client.delete(`${CONFIG_MAPS}/two`);
    await client.clock.advance(100);
    expect((await client.get(`${SLICES}/both`)).status).toBe(404);
  });

  it('deletes objects whose owner never existed or has another uid', async () => {
    start(['garbage-collector-controller']);
    const service = (await client.post(SERVICES, SERVICE)).body;
    const impostor = { ...service, metadata: { ...service.metadata, uid: 'of-an-earlier-one' } };
    await client.post(CONFIG_MAPS, { metadata: { name: 'c', ownerReferences: ownedBy(impostor) } });
    await client.post(CONFIG_MAPS, { metadata: { name: 'd', ownerReferences: ownedBy(service) } });
    await client.clock.advance(100);
    const names = (await client.get(CONFIG_MAPS)).body.items.map((one) => one.metadata.name);
    expect(names).toEqual(['d']);
  });

  it('handles the propagation policies Orphan and Foreground', async () => {
    start(['garbage-collector-controller']);
    for (const [policy, status] of [
      ['Orphan', 200],
      ['Foreground', 404],
    ] as const) {
      const service = (await client.post(SERVICES, SERVICE)).body;
      const name = policy.toLowerCase();
      await client.post(CONFIG_MAPS, { metadata: { name, ownerReferences: ownedBy(service) } });
      const answer = await client.delete(`${SERVICES}/db`, { propagationPolicy: policy });
      expect(answer.body.metadata.deletionTimestamp).toBeDefined();
      await client.clock.advance(100);
      expect((await client.get(`${SERVICES}/db`)).status).toBe(404);
      expect((await client.get(`${CONFIG_MAPS}/${name}`)).status).toBe(status);
    }
  });
});

describe('namespace-controller', () => {
  const NAMESPACE = '/api/v1/namespaces/away';
  const MAP = { metadata: { name: 'a', finalizers: ['example.com/wait'] } };

  it('deletes the objects of a terminating namespace, then the namespace', async () => {
    start(['namespace-controller']);
    await client.post('/api/v1/namespaces', { metadata: { name: 'away' } });
    await client.post(`${NAMESPACE}/configmaps`, MAP);
    expect((await client.delete(NAMESPACE)).body.status).toEqual({ phase: 'Terminating' });
    await client.clock.advance(100);
    expect(
      (await client.post(`${NAMESPACE}/configmaps`, { metadata: { name: 'b' } })).body.details.causes,
    ).toEqual([
      {
        reason: 'NamespaceTerminating',
        message: 'namespace away is being terminated',
        field: 'metadata.namespace',
      },
    ]);
    await client.patch('merge', `${NAMESPACE}/configmaps/a`, { metadata: { finalizers: null } });
    await client.clock.advance(100);
    expect((await client.get(NAMESPACE)).status).toBe(404);
  });
});
