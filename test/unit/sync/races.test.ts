import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  EndpointSliceObject,
  EndpointsObject,
  KubeObject,
  ServiceObject,
} from '../../../src/manifest/kube-object.ts';
import { ContestedCluster } from '../../support/contested-cluster.ts';

const DB = '  - { name: db, ports: [{ name: pg, port: 5432 }], endpoints: [{ address: 10.0.0.1 }] }';
const MORE =
  '  - { name: db, ports: [{ name: pg, port: 5432 }], endpoints: [{ address: 10.0.0.1 }, { address: 10.0.0.2 }] }';

const metadata = { name: 'db', namespace: 'default' };
const SERVICE: ServiceObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata,
  spec: { ports: [{ name: 'theirs', port: 80 }] },
};
const ENDPOINTS: EndpointsObject = {
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata,
  subsets: [{ addresses: [{ ip: '10.9.9.9' }], ports: [{ name: 'theirs', port: 80 }] }],
};
const SLICE: EndpointSliceObject = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { ...metadata, name: 'db-ipv4-0', labels: { 'kubernetes.io/service-name': 'other' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.9.9.9'] }],
  ports: [{ name: 'theirs', port: 80 }],
};

let cluster: ContestedCluster;
beforeEach(() => {
  cluster = new ContestedCluster();
});
afterEach(() => cluster.stop());

/** What a person has of an object: everything but what the server's controllers add in their time. */
function owners(objects: readonly KubeObject[], name: string): string[] {
  const object = objects.find(({ metadata }) => metadata.name === name);
  return (object?.metadata.managedFields ?? []).map(({ manager, operation }) => `${manager} ${operation}`);
}

describe('Endpoints that a selector has left behind on a Service of ours', () => {
  it('go, also when somebody took a label off the Service while it had the selector', async () => {
    const slicesAlone = DB.replace('endpoints:', 'publish: { resources: [EndpointSlice] }, endpoints:');
    await cluster.pass(slicesAlone);
    const person = cluster.as('kubectl-edit');
    cluster.pods.push({ ip: '10.244.0.7', ready: true });
    await person.merge(SERVICE, { spec: { selector: { app: 'db' } } });
    await cluster.clock.advance(1_000);
    await person.merge(SERVICE, { metadata: { labels: { 'app.kubernetes.io/managed-by': null } } });
    await cluster.clock.advance(1_000);
    await person.merge(SERVICE, { spec: { selector: null } });
    await cluster.clock.advance(1_000);
    await cluster.pass(slicesAlone);
    await cluster.clock.advance(1_000);
    expect(await cluster.passOne(slicesAlone)).toMatchObject({
      phase: 'Published',
      reason: 'AllReady',
      actions: [],
    });
    expect(await cluster.objects('Endpoints')).toEqual([]);
    const slices = (await cluster.objects('EndpointSlice')) as EndpointSliceObject[];
    expect(slices.flatMap((slice) => slice.endpoints?.flatMap(({ addresses }) => addresses))).toEqual([
      '10.0.0.1',
    ]);
  });
});

describe('an object that somebody creates between reading and writing', () => {
  it.each([
    ['Service', SERVICE, 'ServiceNotOurs'],
    ['Endpoints', ENDPOINTS, 'EndpointsNotOurs'],
  ] as const)('stays as it was made: %s', async (kind, theirs, reason) => {
    let made: KubeObject | undefined;
    cluster.before(`apply ${kind}`, async () => {
      made = await cluster.as('kubectl-create').create(theirs);
    });
    expect(await cluster.passOne(DB)).toMatchObject({ phase: 'Refused', reason });
    const [found] = await cluster.objects(kind);
    expect(found).toEqual(made);
  });

  it('stays as it was made, and ours takes another name: EndpointSlice', async () => {
    let made: KubeObject | undefined;
    cluster.before('apply EndpointSlice', async () => {
      made = await cluster.as('kubectl-create').create(SLICE);
    });
    await cluster.passOne(DB);
    const slices = await cluster.objects('EndpointSlice');
    expect(slices.find(({ metadata }) => metadata.name === 'db-ipv4-0')).toEqual(made);
  });

  it('by another process of ours is found as it is, and nothing is written twice', async () => {
    cluster.before('apply EndpointSlice', () => cluster.passOne(DB));
    expect(await cluster.passOne(DB)).toMatchObject({ phase: 'Published' });
    expect(owners(await cluster.objects('EndpointSlice'), 'db-ipv4-0')).toEqual(['external-endpoints Apply']);
    expect((await cluster.passOne(DB)).actions).toEqual([]);
  });

  it('by a worker with a newer list is put right by a write that knows what it replaces', async () => {
    cluster.before('apply EndpointSlice', () => cluster.passOne(MORE));
    const report = await cluster.passOne(DB);
    expect(report.actions.map(({ verb, kind }) => `${verb} ${kind}`)).toEqual([
      'create Service',
      'update EndpointSlice',
      'update Endpoints',
    ]);
  });
});

describe('an object of ours', () => {
  beforeEach(() => cluster.pass(DB));

  it('that somebody edits meanwhile is read again, and put right', async () => {
    const endpoints = [{ addresses: ['10.9.9.9'] }];
    cluster.before('apply EndpointSlice', () =>
      cluster.as('kubectl-edit').merge({ ...SLICE, metadata: { ...SLICE.metadata } }, { endpoints }),
    );
    expect(await cluster.passOne(MORE)).toMatchObject({ phase: 'Published', reason: 'AllReady' });
    expect(await served()).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it.each(['EndpointSlice', 'Endpoints', 'Service'] as const)(
    'that somebody deletes meanwhile is made anew: %s',
    async (kind) => {
      const theirs = { Service: SERVICE, Endpoints: ENDPOINTS, EndpointSlice: SLICE }[kind];
      cluster.before('apply EndpointSlice', () => cluster.as('kubectl').delete(theirs));
      expect(await cluster.passOne(MORE)).toMatchObject({ phase: 'Published' });
      expect(await served()).toEqual(['10.0.0.1', '10.0.0.2']);
      // The garbage collector takes the slices of the Service that was, so that it may come to another pass.
      await cluster.clock.advance(1_000);
      await cluster.passOne(MORE);
      expect((await cluster.passOne(MORE)).actions).toEqual([]);
      expect(await served()).toEqual(['10.0.0.1', '10.0.0.2']);
    },
  );

  it('in whose place somebody put another is theirs', async () => {
    let made: KubeObject | undefined;
    cluster.before('apply Endpoints', async () => {
      await cluster.as('kubectl').delete(ENDPOINTS);
      made = await cluster.as('kubectl').create(ENDPOINTS);
    });
    expect(await cluster.passOne(MORE)).toMatchObject({ phase: 'Refused', reason: 'EndpointsNotOurs' });
    expect(await cluster.objects('Endpoints')).toEqual([made]);
  });

  it('that somebody deletes before we do is gone all the same', async () => {
    cluster.before('delete EndpointSlice', () => cluster.as('kubectl').delete(SLICE));
    const [, left] = (
      await cluster.pass(DB.replace('name: db', 'name: other'), {
        options: { allowMassDelete: true, pruneLists: ['bench'] },
      })
    ).targets;
    expect(left).toMatchObject({ name: 'db', phase: 'Deleted' });
    expect((await cluster.objects('EndpointSlice')).map(({ metadata: { name } }) => name)).toEqual([
      'other-ipv4-0',
    ]);
  });

  it('that is another by the time we delete it stays', async () => {
    let made: KubeObject | undefined;
    cluster.before('delete Service', async () => {
      await cluster.as('kubectl').delete(SERVICE);
      made = await cluster.as('kubectl').create(SERVICE);
    });
    await cluster.pass(DB.replace('name: db', 'name: other'), {
      options: { allowMassDelete: true, pruneLists: ['bench'] },
    });
    expect((await cluster.objects('Service')).find(({ metadata: { name } }) => name === 'db')).toEqual(made);
  });

  it('that gets a selector meanwhile is left to it, with all that it had', async () => {
    cluster.before('apply EndpointSlice', () =>
      cluster.as('kubectl').merge(SERVICE, { spec: { selector: { app: 'db' } } }),
    );
    // The slice has been read before and is written; the Service then is not.
    await cluster.passOne(MORE);
    expect(await cluster.passOne(DB)).toMatchObject({ phase: 'Refused', reason: 'ServiceHasSelector' });
    const [service] = (await cluster.objects('Service')) as ServiceObject[];
    expect(service?.spec.selector).toEqual({ app: 'db' });
  });

  it('of which somebody declares a field meanwhile is not forced', async () => {
    const spec = { ports: [{ name: 'pg', port: 5432, targetPort: 1 }] };
    cluster.before('apply Service', () => cluster.as('argocd').apply({ ...SERVICE, spec } as ServiceObject));
    const moved = DB.replace('port: 5432', 'port: 5432, targetPort: 6432');
    expect(await cluster.passOne(moved)).toMatchObject({ phase: 'Refused', reason: 'FieldConflict' });
    const [service] = (await cluster.objects('Service')) as ServiceObject[];
    expect(service?.spec.ports?.[0]?.targetPort).toBe(1);
    expect((await cluster.passOne(moved)).actions).toEqual([]);
  });

  it('that changes faster than it can be read is left for the next pass, after a bounded number of tries', async () => {
    let edits = 0;
    const edit = () =>
      cluster.as('somebody').merge(SLICE, { metadata: { annotations: { edited: String(++edits) } } });
    cluster.before('apply EndpointSlice', edit, 1_000);
    expect(await cluster.passOne(MORE)).toMatchObject({ phase: 'Failed', reason: 'Conflict', actions: [] });
    expect(edits).toBeLessThanOrEqual(6);
  });
});

describe('a namespace', () => {
  const inNamespace = (namespace: string) =>
    `  - { name: db, namespace: ${namespace}, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }] }`;

  it('that is being deleted is waited for, and the others are done', async () => {
    const namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'leaving', finalizers: ['example.test/hold'] },
    };
    await cluster.as('kubectl').create(namespace);
    await cluster.as('kubectl').delete(namespace);
    const { targets } = await cluster.pass(`${inNamespace('leaving')}\n${DB}`);
    expect(targets).toMatchObject([
      { namespace: 'leaving', phase: 'Pending', reason: 'NamespaceTerminating', actions: [] },
      { namespace: 'default', phase: 'Published', reason: 'AllReady' },
    ]);
  });

  it('that is not there is waited for', async () => {
    expect(await cluster.passOne(inNamespace('nowhere'))).toMatchObject({
      phase: 'Pending',
      reason: 'NamespaceNotFound',
    });
  });

  it('in which writing is forbidden fails with its reason, and the others are done', async () => {
    await cluster.as('kubectl').create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'secret' } });
    cluster.inject({
      fault: { type: 'denied', httpStatus: 403, message: 'not here' },
      namespace: 'secret',
      verbs: ['patch', 'create', 'update', 'delete'],
    });
    const { targets } = await cluster.pass(`${inNamespace('secret')}\n${DB}`);
    expect(targets).toMatchObject([
      { namespace: 'secret', phase: 'Failed', reason: 'Forbidden', actions: [] },
      { namespace: 'default', phase: 'Published' },
    ]);
  });
});

describe('a webhook that denies', () => {
  const denied = (httpStatus: 400 | 422, resources: readonly string[]) =>
    cluster.inject({
      fault: { type: 'denied', httpStatus, message: 'no team label' },
      resources,
      verbs: ['patch'],
      name: 'db',
    });

  it.each([
    [422, 'Invalid'],
    [400, 'Rejected'],
  ] as const)('with %i stops its target alone, in its own words and at once', async (status, reason) => {
    denied(status, ['endpoints']);
    const { targets } = await cluster.pass(`${DB}\n${DB.replace('name: db', 'name: other')}`);
    expect(targets).toMatchObject([
      {
        name: 'db',
        phase: 'Failed',
        reason,
        message: expect.stringContaining('denied the request: no team label'),
      },
      { name: 'other', phase: 'Published' },
    ]);
    const puts = cluster.client.requests.filter(
      (each) => each.endsWith('/endpoints/db') && !each.startsWith('GET'),
    );
    expect(puts).toHaveLength(1);
  });

  it('leaves nothing that the next pass would not go on from', async () => {
    denied(422, ['endpoints']);
    await cluster.pass(DB);
    cluster.heal();
    expect(await cluster.passOne(DB)).toMatchObject({
      phase: 'Published',
      actions: [{ verb: 'create', kind: 'Endpoints' }],
    });
  });
});

/** Addresses in slices of the Service. */
async function served(): Promise<string[]> {
  const slices = (await cluster.objects('EndpointSlice')) as EndpointSliceObject[];
  return slices.flatMap(({ endpoints }) => (endpoints ?? []).flatMap(({ addresses }) => addresses)).sort();
}
