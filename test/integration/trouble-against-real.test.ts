import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../src/cluster/object-store.ts';
import type { KubeObject } from '../../src/manifest/kube-object.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { GoldenReal } from '../support/golden-real.ts';
import { onePass } from '../support/one-pass.ts';
import { OtherManager } from '../support/other-manager.ts';
import { storeWith } from '../support/store-with.ts';
import { listOf } from '../support/targets.ts';
import { waitFor } from '../support/wait-for.ts';

/** What a real API server refuses, and what it is like when somebody is faster there. */

let cluster: TestCluster;
let place: GoldenReal;
beforeAll(async () => {
  cluster = await startCluster();
  place = await GoldenReal.start(cluster);
}, 120_000);
afterAll(async () => {
  await place?.stop();
  await cluster?.stop();
}, 120_000);

const target = (name: string, namespace: string, addresses = ['10.1.0.1']) =>
  `  - { name: ${name}, namespace: ${namespace}, ports: [{ name: pg, port: 5432 }], healthCheck: { type: none }, endpoints: [${addresses.map((address) => `{ address: ${address} }`).join(', ')}] }`;

async function passOver(store: ObjectStore, ...targets: readonly string[]) {
  const { report } = await onePass({ list: listOf(targets.join('\n')), store, clock: place.clock });
  return report.targets;
}

const admission = 'admissionregistration.k8s.io/v1';

/** Denies writes of Endpoints in one namespace, in the API server itself. */
async function deny(namespace: string, reason: 'Invalid' | 'Forbidden'): Promise<void> {
  const name = `deny-${namespace}`;
  const admin = new OtherManager(place.sender, 'kubectl');
  await admin.create({
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name },
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            resources: ['endpoints'],
            operations: ['CREATE', 'UPDATE'],
          },
        ],
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
      validations: [{ expression: 'false', message: 'no team label', reason }],
    },
  } as KubeObject);
  await admin.create({
    apiVersion: admission,
    kind: 'ValidatingAdmissionPolicyBinding',
    metadata: { name },
    spec: { policyName: name, validationActions: ['Deny'] },
  } as KubeObject);
  // Policies take a moment to be known to the server.
  const probe: KubeObject = { apiVersion: 'v1', kind: 'Endpoints', metadata: { name: 'probe', namespace } };
  await waitFor('the policy is in force', async () => {
    const tried = await place.store.apply(
      probe,
      { force: false, dryRun: true },
      new AbortController().signal,
    );
    return !tried.ok;
  });
}

describe('sync on a real API server', () => {
  it.each([
    ['Invalid', 'Invalid'],
    ['Forbidden', 'Forbidden'],
  ] as const)(
    'reports a write that admission denies as %s, and writes the other namespace',
    async (as, reason) => {
      const namespace = await cluster.createNamespace('denied');
      await deny(namespace, as);
      const targets = await passOver(place.store, target('db', namespace), target('db', place.namespace));
      expect(targets).toMatchObject([
        { phase: 'Failed', reason, message: expect.stringContaining('no team label') },
        { phase: 'Published', reason: 'AllReady' },
      ]);
    },
  );

  it('waits for a namespace that is being deleted, and writes the other ones', async () => {
    const admin = new OtherManager(place.sender, 'kubectl');
    const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'leaving' } };
    await admin.create(namespace);
    const config: KubeObject = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'holds-on',
        namespace: 'leaving',
        finalizers: ['example.test/hold'],
      } as KubeObject['metadata'],
    };
    await admin.create(config);
    await admin.delete(namespace);
    const targets = await passOver(place.store, target('db', 'leaving'), target('db', place.namespace));
    await admin.merge(config, { metadata: { finalizers: null } });
    expect(targets).toMatchObject([
      { phase: 'Pending', reason: 'NamespaceTerminating', actions: [] },
      { phase: 'Published', reason: 'AllReady' },
    ]);
  });

  it('leaves an object that another program created at the same moment unchanged', async () => {
    const endpoints: KubeObject = {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name: 'raced', namespace: place.namespace },
    };
    const subsets = [
      { addresses: [{ ip: '10.9.9.9' }], ports: [{ name: 'theirs', port: 80, protocol: 'TCP' }] },
    ];
    const somebody = new OtherManager(place.sender, 'kubectl-create');
    let made: KubeObject | undefined;
    const { store } = place;
    const raced = storeWith(store, {
      apply: async (...args: Parameters<ObjectStore['apply']>) => {
        if (args[0].kind === 'Endpoints')
          made ??= await somebody.create({ ...endpoints, subsets } as KubeObject);
        return store.apply(...args);
      },
    });
    const [report] = await passOver(raced, target('raced', place.namespace));
    expect(report).toMatchObject({ phase: 'Refused', reason: 'EndpointsNotOurs' });
    expect(await somebody.get(endpoints)).toEqual(made);
  });

  it('stops after a bounded number of tries when an object changes faster than it can be read', async () => {
    const somebody = new OtherManager(place.sender, 'somebody');
    const { store } = place;
    await passOver(store, target('busy', place.namespace));
    let edits = 0;
    const busy = storeWith(store, {
      apply: async (...args: Parameters<ObjectStore['apply']>) => {
        const [body] = args;
        if (body.kind === 'EndpointSlice') {
          await somebody.merge(body, { metadata: { annotations: { edited: String(++edits) } } });
        }
        return store.apply(...args);
      },
    });
    const [report] = await passOver(busy, target('busy', place.namespace, ['10.1.0.1', '10.1.0.2']));
    expect(report).toMatchObject({ phase: 'Failed', reason: 'Conflict', actions: [] });
    expect(edits).toBe(6);
    expect(
      (await passOver(store, target('busy', place.namespace, ['10.1.0.1', '10.1.0.2'])))[0],
    ).toMatchObject({
      phase: 'Published',
      reason: 'AllReady',
    });
  });
});
