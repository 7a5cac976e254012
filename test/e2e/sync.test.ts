import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/embedded/backend.ts';
import { noBackendAddresses } from '../support/backend-address.ts';
import { Stage } from '../support/e2e-stage.ts';
import { kubectl, noKubectl } from '../support/kubectl.ts';

describe.skipIf(noBackendAddresses())('sync of a target with two addresses and a host name', () => {
  let stage: Stage;
  let list: string;
  let first: Backend;
  let second: Backend;
  let named: Backend;
  let renamed: Backend;

  beforeAll(async () => {
    stage = await Stage.start('sync');
    [first, second, named, renamed] = [
      await stage.newBackend(),
      await stage.newBackend(),
      await stage.newBackend(),
      await stage.newBackend(),
    ];
    stage.point('replica', named);
    list = stage.list(
      'targets.yaml',
      `  - name: orders-db
    ports: [{ name: postgres, port: 5432, targetPort: PORT }]
    endpoints: [{ address: ${first.address} }, { address: ${second.address} }, { host: replica.corp.test }]
    dns: { hold: { obsolete: 0s } }
`,
    );
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  it('has a plan without a write', async () => {
    const before = await stage.versions();
    const plan = await stage.run('plan', list);
    expect(plan).toMatchObject({ code: 1, stderr: '' });
    expect(plan.stdout).toContain(`+ create Service ${stage.namespace}/orders-db (Missing)`);
    expect(plan.stdout).toContain('objects: 3 to create, 0 to update, 0 to delete');
    expect(await stage.versions()).toEqual(before);
  });

  it('sends a dry run to the API server with --dry-run=server, without a write', async () => {
    const before = await stage.versions();
    const dry = await stage.report('sync', list, '--dry-run=server');
    expect(dry).toMatchObject({ code: 0, summary: { created: 3, updated: 0, deleted: 0, failed: 0 } });
    expect(await stage.versions()).toEqual(before);
  });

  it('creates a Service, an EndpointSlice and Endpoints', async () => {
    const sync = await stage.run('sync', list);
    expect(sync).toMatchObject({ code: 0, stderr: '' });
    expect(sync.stdout).toContain('created Service, EndpointSlice, Endpoints');
    expect(sync.stdout).toContain(
      '1 target: 0 unchanged, 0 refused, 0 failed; objects: 3 created, 0 updated, 0 deleted',
    );

    const service = await stage.core.readNamespacedService({
      name: 'orders-db',
      namespace: stage.namespace,
    });
    expect(service.spec).toMatchObject({
      type: 'ClusterIP',
      ports: [{ name: 'postgres', port: 5432, targetPort: stage.port, protocol: 'TCP' }],
    });
    expect(service.spec?.clusterIP).toMatch(/^\d/);
    expect(service.spec?.selector).toBeUndefined();

    const slices = await stage.slicesOf('orders-db');
    expect(slices).toHaveLength(1);
    expect(slices[0]).toMatchObject({
      addressType: 'IPv4',
      ports: [{ name: 'postgres', port: stage.port, protocol: 'TCP' }],
      metadata: {
        labels: { 'endpointslice.kubernetes.io/managed-by': 'external-endpoints' },
        ownerReferences: [{ kind: 'Service', name: 'orders-db', uid: service.metadata?.uid }],
      },
    });
    expect(await stage.served('orders-db')).toEqual({
      [first.address]: true,
      [second.address]: true,
      [named.address]: true,
    });

    const endpoints = await stage.core.readNamespacedEndpoints({
      name: 'orders-db',
      namespace: stage.namespace,
    });
    expect(endpoints.metadata?.labels).toMatchObject({ 'endpointslice.kubernetes.io/skip-mirror': 'true' });
    expect(endpoints.subsets?.[0]?.addresses?.map(({ ip }) => ip).toSorted()).toEqual(
      [first.address, second.address, named.address].toSorted(),
    );
  });

  it.skipIf(noKubectl())('shows in kubectl get endpointslices', async () => {
    const shown = await kubectl(stage.cluster.kubeconfigPath, [
      'get',
      'endpointslices',
      '-n',
      stage.namespace,
    ]);
    const line = shown.split('\n').find((each) => each.startsWith('orders-db-ipv4-0 '));
    expect(line).toMatch(new RegExp(`^orders-db-ipv4-0 +IPv4 +${stage.port} `));
    for (const { address } of [first, second, named]) expect(line).toContain(address);
  });

  it('writes nothing the second time, and plan exits with 0', async () => {
    const before = await stage.versions();
    const again = await stage.run('sync', list);
    expect(again).toMatchObject({ code: 0, stderr: '' });
    expect(again.stdout).toContain('0 created, 0 updated, 0 deleted');
    const plan = await stage.run('plan', list);
    expect(plan).toMatchObject({ code: 0, stderr: '' });
    expect(plan.stdout).toContain('0 to create, 0 to update, 0 to delete');
    expect(await stage.versions()).toEqual(before);
  });

  it('makes only the endpoint of the stopped backend not ready', async () => {
    await second.become('refuse');
    const before = await stage.versions();
    const plan = await stage.run('plan', list);
    expect(plan.code).toBe(1);
    expect(plan.stdout).toMatch(/-\s+ready: true\n.*\n\s*\+\s+ready: false/);
    expect(await stage.versions()).toEqual(before);

    const sync = await stage.run('sync', list);
    expect(sync.code).toBe(0);
    expect(sync.stdout).toMatch(new RegExp(`${second.address} +not ready +ConnectionRefused: `));
    expect(await stage.served('orders-db')).toEqual({
      [first.address]: true,
      [second.address]: false,
      [named.address]: true,
    });
    const after = await stage.versions();
    expect(after['Service orders-db']).toBe(before['Service orders-db']);
    const endpoints = await stage.core.readNamespacedEndpoints({
      name: 'orders-db',
      namespace: stage.namespace,
    });
    expect(endpoints.subsets?.[0]?.notReadyAddresses?.map(({ ip }) => ip)).toEqual([second.address]);
  });

  it('makes the endpoint ready again when the backend is back', async () => {
    await second.become('accept');
    expect(await stage.report('sync', list)).toMatchObject({ code: 0, summary: { updated: 2 } });
    expect(await stage.served('orders-db')).toMatchObject({ [second.address]: true });
  });

  it('publishes the new address of the name', async () => {
    stage.point('replica', renamed);
    expect((await stage.run('plan', list)).code).toBe(1);
    expect((await stage.run('sync', list)).code).toBe(0);
    expect(await stage.served('orders-db')).toEqual({
      [first.address]: true,
      [second.address]: true,
      [renamed.address]: true,
    });
  });

  it.each(['SERVFAIL', 'REFUSED', 'silent'] as const)(
    'keeps the addresses of the name while the DNS server is %s',
    async (outage) => {
      stage.dns.outage = outage;
      const before = await stage.versions();
      const report = await stage.report('sync', list);
      stage.dns.outage = undefined;
      expect(report).toMatchObject({ code: 0, summary: { updated: 0, deleted: 0 } });
      const { held, ready } = report.targets[0]?.endpoints.find(
        (endpoint) => endpoint.address === renamed.address,
      ) ?? { held: undefined, ready: false };
      expect(ready).toBe(true);
      expect(held).toMatchObject({ until: null });
      const after = await stage.versions();
      for (const name of ['Service orders-db', 'Endpoints orders-db', 'EndpointSlice orders-db-ipv4-0']) {
        expect(after[name]).toBe(before[name]);
      }
    },
  );

  it('prints the report as JSON in the documented shape', async () => {
    const report = await stage.report('sync', list);
    expect(Object.keys(report.summary)).toEqual([
      'targets',
      'created',
      'updated',
      'deleted',
      'unchanged',
      'refused',
      'failed',
      'requests',
      'durationMs',
    ]);
    expect(report.targets).toMatchObject([
      {
        namespace: stage.namespace,
        name: 'orders-db',
        phase: 'Published',
        reason: 'AllReady',
        actions: [],
        endpoints: [
          { address: first.address, ready: true, reason: 'Connected' },
          { address: second.address, ready: true, reason: 'Connected' },
          { address: renamed.address, ready: true, reason: 'Connected' },
        ],
      },
    ]);
  });

  it('deletes the Service when the target leaves the list, but not while that is the only one it owns', async () => {
    const target = (name: string) =>
      `  - { name: ${name}, ports: [{ port: PORT }], endpoints: [{ address: ${first.address} }] }\n`;
    const other = stage.list('other.yaml', target('other'));
    const refused = await stage.report('sync', other);
    expect(refused).toMatchObject({ code: 3, summary: { created: 3, deleted: 0, refused: 1 } });
    const plan = await stage.run('plan', other);
    expect(plan).toMatchObject({ code: 1 });
    expect(plan.stdout).toContain(`- delete Service ${stage.namespace}/orders-db`);
    expect(await stage.report('sync', other)).toMatchObject({ code: 0, summary: { created: 0, failed: 0 } });
    const gone = async () => Object.keys(await stage.versions()).filter((name) => name.includes('orders-db'));
    await expect.poll(gone, { timeout: 30_000 }).toEqual([]);
  });

  it('rejects an empty list without a write', async () => {
    const before = await stage.versions();
    const empty = stage.list('empty.yaml', '  []\n');
    const sync = await stage.run('sync', empty);
    expect(sync).toMatchObject({ code: 2, stdout: '' });
    expect(sync.stderr).toContain('EmptyTargetList');
    expect(await stage.versions()).toEqual(before);
  });
});
