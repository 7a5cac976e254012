import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { CoreV1Api, DiscoveryV1Api, KubeConfig } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BackendAddresses, noBackendAddresses } from '../support/backend-address.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { waitFor } from '../support/wait-for.ts';

/** What the other end-to-end tests stand on, on whichever API server the environment names. */

let cluster: TestCluster;
let core: CoreV1Api;
let discovery: DiscoveryV1Api;
let namespace: string;

beforeAll(async () => {
  cluster = await startCluster();
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfigPath);
  core = config.makeApiClient(CoreV1Api);
  discovery = config.makeApiClient(DiscoveryV1Api);
  namespace = await cluster.createNamespace('seam');
});

afterAll(() => cluster?.stop());

const PORTS = [{ name: 'pg', port: 5432 }];

describe('the cluster of the e2e tests', () => {
  it('is the one that the environment names', () => {
    const { E2E_KUBECONFIG: existing = '', KUBEBUILDER_ASSETS: assets = '' } = process.env;
    expect(cluster.kind).toBe(existing !== '' ? 'existing' : assets !== '' ? 'envtest' : 'embedded');
    expect(cluster.embedded === undefined).toBe(cluster.kind !== 'embedded');
    expect(namespace).toMatch(/^seam-/);
  });

  it('mirrors hand-kept Endpoints', async ({ skip }) => {
    if (!cluster.hasControllers) skip('no kube-controller-manager in KUBEBUILDER_ASSETS');
    await core.createNamespacedService({
      namespace,
      body: { metadata: { name: 'kept' }, spec: { ports: PORTS } },
    });
    await core.createNamespacedEndpoints({
      namespace,
      body: { metadata: { name: 'kept' }, subsets: [{ addresses: [{ ip: '10.1.1.1' }], ports: PORTS }] },
    });
    const mirrored = async () =>
      (
        await discovery.listNamespacedEndpointSlice({
          namespace,
          labelSelector: 'kubernetes.io/service-name=kept',
        })
      ).items;
    await waitFor('the mirrored slice', async () => (await mirrored()).length === 1);
    expect((await mirrored())[0]?.endpoints?.[0]?.addresses).toEqual(['10.1.1.1']);
    await core.deleteNamespacedService({ namespace, name: 'kept' });
    await waitFor('the mirrored slice to go', async () => (await mirrored()).length === 0);
  });

  it('rejects a loopback address as an endpoint', async () => {
    const rejected = core.createNamespacedEndpoints({
      namespace,
      body: { metadata: { name: 'loop' }, subsets: [{ addresses: [{ ip: '127.0.0.1' }], ports: PORTS }] },
    });
    await expect(rejected).rejects.toThrow(/may not be in the loopback range/);
  });
});

describe('a backend address', () => {
  const absent = noBackendAddresses();

  it.skipIf(absent !== undefined)(
    'accepts a listener, is accepted as an endpoint, and is removed again',
    async () => {
      const addresses = new BackendAddresses();
      try {
        const [first, second] = [addresses.take(), addresses.take()];
        expect(first).toMatch(/^198\.18\.0\.\d+$/);
        expect(second).not.toBe(first);
        const listener = createServer();
        await new Promise<void>((resolve, reject) => {
          listener.once('error', reject);
          listener.listen(0, first, resolve);
        });
        await new Promise((resolve) => listener.close(resolve));
        const subsets = [{ addresses: [{ ip: first }], ports: PORTS }];
        await core.createNamespacedEndpoints({ namespace, body: { metadata: { name: 'backend' }, subsets } });
      } finally {
        addresses[Symbol.dispose]();
      }
    },
  );
});

describe('the cluster of the e2e tests, stopped', () => {
  it('leaves no process, file or namespace', async () => {
    const another = await startCluster();
    const own = await another.createNamespace('gone');
    await another.stop();
    if (another.kind !== 'existing') {
      expect(existsSync(another.kubeconfigPath)).toBe(false);
      return;
    }
    const { items } = await core.listNamespace();
    expect(items.map(({ metadata }) => metadata?.name)).not.toContain(own);
  });
});
