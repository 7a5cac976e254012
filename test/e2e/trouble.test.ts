import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/embedded/backend.ts';
import { noBackendAddresses } from '../support/backend-address.ts';
import { runCli } from '../support/cli-process.ts';
import { Stage } from '../support/e2e-stage.ts';
import { freePort } from '../support/real-peer.ts';
import { waitFor } from '../support/wait-for.ts';

let stage: Stage;
let backend: Backend;
let other: Backend;

describe.skipIf(noBackendAddresses())('sync of several targets', () => {
  beforeAll(async () => {
    stage = await Stage.start('trouble');
    backend = await stage.newBackend();
    other = await stage.newBackend();
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  describe('with four that cannot be written', () => {
    let list: string;
    beforeAll(async () => {
      const { namespace } = stage;
      await stage.core.createNamespacedService({
        namespace,
        body: { metadata: { name: 'pods' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } },
      });
      const down = await stage.newBackend();
      await down.become('refuse');
      const good = `endpoints: [{ address: ${backend.address} }]`;
      list = stage.list(
        'trouble.yaml',
        `  - { name: nameless, ports: [{ port: PORT }], endpoints: [{ host: nothing.corp.test }] }
  - { name: down, ports: [{ port: PORT }], endpoints: [{ address: ${down.address} }] }
  - { name: homeless, namespace: ${namespace}-missing, ports: [{ port: PORT }], ${good} }
  - { name: pods, ports: [{ port: PORT }], ${good} }
  - { name: well, ports: [{ port: PORT }], ${good} }
`,
      );
    });

    it('prints one line with the reason for each, and writes the fifth', async () => {
      const sync = await stage.run('sync', list);
      expect(sync).toMatchObject({ code: 3, stderr: '' });
      const { namespace } = stage;
      const reported = (name: string) =>
        sync.stdout.split('\n').filter((line) => line.startsWith(`${name}: `));
      expect(reported(`${namespace}/nameless`)).toEqual([
        `${namespace}/nameless: NotReady (NameNotFound): host nothing.corp.test: NameNotFound: nothing.corp.test does not exist`,
      ]);
      expect(reported(`${namespace}/down`)).toEqual([
        expect.stringMatching(
          /: NotReady \(NoneReady\): its one address is not ready; .* ConnectionRefused: /,
        ),
      ]);
      expect(reported(`${namespace}-missing/homeless`)).toEqual([
        `${namespace}-missing/homeless: Pending (NamespaceNotFound): namespaces "${namespace}-missing" not found`,
      ]);
      expect(reported(`${namespace}/pods`)).toEqual([
        expect.stringMatching(
          /: Refused \(ServiceHasSelector\): the Service selects Pods \(app=web\); remove its selector/,
        ),
      ]);
      expect(reported(`${namespace}/well`)).toEqual([]);
      expect(sync.stdout).toContain('5 targets: 0 unchanged, 1 refused, 3 failed; objects: ');
      expect(await stage.served('well')).toEqual({ [backend.address]: true });
    });

    it('prints them again in the next pass, which writes nothing', async () => {
      const before = await stage.versions();
      const report = await stage.report('sync', list);
      expect(report).toMatchObject({
        code: 3,
        summary: { created: 0, updated: 0, deleted: 0, unchanged: 1, refused: 1, failed: 3 },
      });
      expect(report.targets.map(({ name, phase, reason }) => [name, phase, reason])).toEqual([
        ['nameless', 'NotReady', 'NameNotFound'],
        ['down', 'NotReady', 'NoneReady'],
        ['homeless', 'Pending', 'NamespaceNotFound'],
        ['pods', 'Refused', 'ServiceHasSelector'],
        ['well', 'Published', 'AllReady'],
      ]);
      expect(await stage.versions()).toEqual(before);
    });

    it('leaves the Service with a selector unchanged', async () => {
      const service = await stage.core.readNamespacedService({ name: 'pods', namespace: stage.namespace });
      expect(service.metadata?.labels).toBeUndefined();
      expect(service.spec?.selector).toEqual({ app: 'web' });
      expect(Object.keys(await stage.served('pods'))).toEqual([]);
    });
  });

  describe('with saved state', () => {
    let list: string;
    beforeAll(() => {
      stage.point('pair', backend, other);
      list = stage.list(
        'state.yaml',
        '  - { name: pair, ports: [{ port: PORT }], endpoints: [{ host: pair.corp.test }] }\n',
        { dns: 'hold: { obsolete: 1h }' },
      );
    });
    const heldIn = (report: Awaited<ReturnType<Stage['report']>>) =>
      report.targets
        .find(({ name }) => name === 'pair')
        ?.endpoints.find((each) => each.address === other.address)?.held;

    it('keeps it in one ConfigMap, and writes it when it changed', async () => {
      await stage.report('sync', list, '--allow-mass-delete', '--prune-list', 'stage');
      const name = `external-endpoints-state-${stage.namespace}`;
      const read = () => stage.core.readNamespacedConfigMap({ name, namespace: stage.namespace });
      const first = await read();
      expect(Object.keys(first.data ?? {})).toEqual(['state']);
      await stage.report('sync', list);
      expect((await read()).metadata?.resourceVersion).toBe(first.metadata?.resourceVersion);
    });

    it('holds an address from the moment that it left the answer, over several passes', async () => {
      stage.point('pair', backend);
      const first = heldIn(await stage.report('sync', list));
      expect(first).toMatchObject({ reason: 'AddressLeftAnswer' });
      const inMs = Date.parse(first?.until ?? '') - Date.now();
      expect(inMs).toBeGreaterThan(59 * 60_000);
      expect(inMs).toBeLessThan(60 * 60_000);
      let later = first;
      const enough = performance.now() + 2_000;
      while (performance.now() < enough) later = heldIn(await stage.report('sync', list));
      expect(Math.abs(Date.parse(later?.until ?? '') - Date.parse(first?.until ?? ''))).toBeLessThan(1_000);
      expect(await stage.served('pair')).toEqual({ [backend.address]: true, [other.address]: true });
      const reported = await stage.run('sync', list);
      expect(reported.stdout).toMatch(/Connected; held until \d{4}-\d\d-\d\dT[\d:]+Z \(AddressLeftAnswer\)/);
    });

    it('drains nothing when it is deleted or damaged', async () => {
      const name = `external-endpoints-state-${stage.namespace}`;
      const { namespace } = stage;
      await stage.core.replaceNamespacedConfigMap({
        name,
        namespace,
        body: { metadata: { name }, data: { state: 'H4sIAAAA' } },
      });
      const damaged = await stage.run('sync', list);
      expect(damaged.code).toBe(0);
      expect(damaged.stderr).toContain(`StateUnreadable: ConfigMap ${namespace}/${name} is ignored`);
      expect(await stage.served('pair')).toEqual({ [backend.address]: true, [other.address]: true });
      await stage.core.deleteNamespacedConfigMap({ name, namespace });
      expect(await stage.run('sync', list)).toMatchObject({ code: 0, stderr: '' });
      expect(await stage.served('pair')).toEqual({ [backend.address]: true, [other.address]: true });
    });
  });

  describe.each(['SIGINT', 'SIGTERM'] as const)('sync on %s', (signal) => {
    it('ends within a second with a message, and has written nothing', async () => {
      const list = stage.list(
        'slow.yaml',
        '  - { name: slow, ports: [{ port: PORT }], endpoints: [{ host: slow.corp.test }], dns: { timeout: 30s } }\n',
      );
      stage.dns.outage = 'silent';
      const before = await stage.versions();
      const asked = stage.dns.queries;
      await using sync = stage.start('sync', list);
      await waitFor('the query', () => stage.dns.queries > asked);
      const startedMs = performance.now();
      sync.kill(signal);
      const ended = await sync.ended;
      expect(performance.now() - startedMs).toBeLessThan(1_000);
      expect(ended).toEqual({
        code: 130,
        stdout: '',
        stderr: 'sync: interrupted; the next sync completes the remaining changes\n',
      });
      stage.dns.outage = undefined;
      expect(await stage.versions()).toEqual(before);
    });
  });
});

describe('sync with an unreachable cluster', () => {
  const LIST = `apiVersion: external-endpoints/v1
kind: TargetList
targets: [{ name: a, ports: [{ port: 1 }], endpoints: [{ address: 192.0.2.1 }], healthCheck: { type: none } }]
`;
  it('prints one line and exits with 4', async () => {
    await using here = await Stage.start('away');
    const list = here.file('list.yaml', LIST);
    const at = (server: string) =>
      here.file(
        'kubeconfig',
        `current-context: away
clusters: [{ name: c, cluster: { server: "${server}" } }]
users: [{ name: u, user: { token: x } }]
contexts: [{ name: away, context: { cluster: c, user: u } }]
`,
      );
    const port = await freePort();
    const run = (...more: string[]) => runCli(['sync', '--config', list, ...more]);
    const line = async (...more: string[]) => {
      const { code, stdout, stderr } = await run(...more);
      expect([code, stdout]).toEqual([4, '']);
      expect(stderr.split('\n')).toHaveLength(2);
      return stderr;
    };
    expect(await line('--kubeconfig', at(`http://127.0.0.1:${port}`))).toMatch(
      /^away at http:.*: Unreachable: connect ECONNREFUSED/,
    );
    expect(await line('--kubeconfig', at('https://nothing.invalid:6443'))).toMatch(
      /Unreachable: getaddrinfo/,
    );
    expect(await line('--kubeconfig', at('http://192.0.2.1'))).toContain('use https');
    expect(await line('--kubeconfig', '/nothing/here')).toContain('ENOENT');
    expect(await line('--kubeconfig', here.cluster.kubeconfigPath, '--context', 'prd')).toContain(
      `has no context "prd"; it has: ${here.cluster.name}`,
    );
  });
});
