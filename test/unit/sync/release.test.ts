import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type {
  EndpointSliceObject,
  EndpointsObject,
  ServiceObject,
} from '../../../src/manifest/kube-object.ts';
import { ContestedCluster } from '../../support/contested-cluster.ts';
import { Killed } from '../../support/mortal-store.ts';

const PORTS = 'ports: [{ name: pg, port: 5432 }]';
const DB = `  - { name: db, ${PORTS}, endpoints: [{ address: 10.0.0.1 }, { address: 10.0.0.2 }] }`;
const MIRROR = 'endpointslicemirroring-controller.k8s.io';

let cluster: ContestedCluster;
beforeEach(() => {
  cluster = new ContestedCluster();
});
afterEach(() => cluster.stop());

/** Who keeps the slices of the Service, and which addresses they serve as ready. */
async function served(): Promise<Record<string, readonly string[]>> {
  await cluster.clock.advance(1_000);
  const slices = (await cluster.objects('EndpointSlice')) as EndpointSliceObject[];
  return Object.fromEntries(
    slices.map(({ metadata, endpoints }) => [
      metadata.labels?.['endpointslice.kubernetes.io/managed-by'] ?? 'nobody',
      (endpoints ?? [])
        .filter(({ conditions }) => conditions?.ready !== false)
        .flatMap(({ addresses }) => addresses),
    ]),
  );
}

/** Labels and owners of fields that speak of us. */
async function marks(): Promise<readonly string[]> {
  const kinds = ['Service', 'Endpoints', 'EndpointSlice'] as const;
  const objects = (await Promise.all(kinds.map((kind) => cluster.objects(kind)))).flat();
  return objects.flatMap(({ kind, metadata }) => {
    const { labels, annotations, managedFields = [] } = metadata;
    const text = JSON.stringify([labels, annotations, managedFields.map(({ manager }) => manager)]);
    return text.includes('external-endpoints') ? [`${kind} ${metadata.name}`] : [];
  });
}

/** Addresses that one slice serves as ready and another as not ready. */
function disputed(slices: readonly EndpointSliceObject[]): string[] {
  const reported = slices.flatMap(({ endpoints }) =>
    (endpoints ?? []).flatMap(({ addresses, conditions }) =>
      addresses.map((address) => ({ address, ready: conditions?.ready !== false })),
    ),
  );
  return reported
    .filter(({ address, ready }) =>
      reported.some((other) => other.address === address && other.ready !== ready),
    )
    .map(({ address, ready }) => `${address} ${ready ? 'ready' : 'not ready'}`);
}

/** The writes of a release to mirroring with one slice: drop its field ownership, allow mirroring twice, delete the slice. */
const RELEASE_WRITES = 4;

const ENDPOINTS: EndpointsObject = {
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name: 'db', namespace: 'default' },
};

describe('what is released', () => {
  it('is mirrored again, has no ownership label of ours, and follows later edits', async () => {
    await cluster.pass(DB);
    expect(await cluster.release('db')).toMatchObject({ phase: 'Orphaned', reason: 'Released' });
    expect(await served()).toEqual({ [MIRROR]: ['10.0.0.1', '10.0.0.2'] });
    expect(await marks()).toEqual([]);
    const subsets = [{ addresses: [{ ip: '10.0.0.9' }], ports: [{ name: 'pg', port: 5432 }] }];
    await cluster.as('kubectl-edit').merge(ENDPOINTS, { subsets });
    expect(await served()).toEqual({ [MIRROR]: ['10.0.0.9'] });
  });

  it('stays as slices of nobody where there are no Endpoints', async () => {
    await cluster.pass(DB.replace(PORTS, `${PORTS}, publish: { resources: [EndpointSlice] }`));
    expect(await cluster.release('db')).toMatchObject({ phase: 'Orphaned', reason: 'Released' });
    expect(await served()).toEqual({ nobody: ['10.0.0.1', '10.0.0.2'] });
    expect(await marks()).toEqual([]);
  });

  it('stays mirrored where there are only Endpoints', async () => {
    await cluster.pass(DB.replace(PORTS, `${PORTS}, publish: { resources: [Endpoints] }`));
    await cluster.clock.advance(1_000);
    expect(await cluster.release('db')).toMatchObject({ phase: 'Orphaned', reason: 'Released' });
    expect(await served()).toEqual({ [MIRROR]: ['10.0.0.1', '10.0.0.2'] });
    expect(await marks()).toEqual([]);
  });

  it('stays as slices where the Endpoints do not hold all of it', async () => {
    const many = Array.from({ length: 1_050 }, (_, n) => `{ address: 10.1.${n >> 8}.${n & 255} }`).join(', ');
    await cluster.pass(`  - { name: db, ${PORTS}, endpoints: [${many}] }`);
    expect(await cluster.release('db')).toMatchObject({ phase: 'Orphaned', reason: 'Released' });
    await cluster.clock.advance(1_000);
    const slices = (await cluster.objects('EndpointSlice')) as EndpointSliceObject[];
    expect(slices.flatMap(({ endpoints }) => endpoints ?? [])).toHaveLength(1_050);
    expect(await marks()).toEqual([]);
  });

  it('is not ours any more: the list takes it back with adopt alone', async () => {
    await cluster.pass(DB);
    await cluster.release('db');
    expect(await cluster.release('db')).toMatchObject({
      phase: 'Orphaned',
      reason: 'NotManaged',
      actions: [],
    });
    expect(await cluster.passOne(DB)).toMatchObject({
      phase: 'Refused',
      reason: 'ServiceNotOurs',
      actions: [],
    });
    const adopting = DB.replace(PORTS, `${PORTS}, adopt: true`);
    expect(await cluster.passOne(adopting)).toMatchObject({ phase: 'Published', reason: 'AllReady' });
    expect(await served()).toEqual({ 'external-endpoints': ['10.0.0.1', '10.0.0.2'] });
  });
});

describe('a release to mirroring', () => {
  it('takes our slices away only once nobody who follows the list can stop mirroring again unnoticed', async () => {
    await cluster.pass(DB);
    const skipMirror = 'endpointslice.kubernetes.io/skip-mirror';
    cluster.before('patch Endpoints', async () => undefined);
    cluster.before('patch Endpoints', () =>
      cluster.as('external-endpoints').merge(ENDPOINTS, { metadata: { labels: { [skipMirror]: 'true' } } }),
    );
    const saidThen: unknown[] = [];
    cluster.before('delete EndpointSlice', async () => {
      saidThen.push((await cluster.objects('Endpoints'))[0]?.metadata.labels?.[skipMirror] ?? 'nothing');
    });
    expect(await cluster.release('db')).toMatchObject({ phase: 'Orphaned', reason: 'Released' });
    expect(saidThen).toHaveLength(1);
    expect(saidThen).not.toContain('true');
    expect(await served()).toEqual({ [MIRROR]: ['10.0.0.1', '10.0.0.2'] });
    expect(await marks()).toEqual([]);
  });

  it('meets no pass that has read before: whatever it wants by now, no two slices disagree', async () => {
    const checked = DB.replace(
      PORTS,
      `${PORTS}, adopt: true, healthCheck: { type: tcp, unhealthyThreshold: 1 }`,
    );
    const down = { world: { down: ['10.0.0.2'] } };
    for (let writes = 1; writes <= RELEASE_WRITES; writes++) {
      cluster.stop();
      cluster = new ContestedCluster();
      await cluster.pass(checked);
      const disputes: string[] = [];
      const look = async () => {
        disputes.push(...disputed((await cluster.objects('EndpointSlice')) as EndpointSliceObject[]));
      };
      // Between what the pass has read and its first write, which is to take 10.0.0.2 out of the traffic.
      cluster.before('apply EndpointSlice', async () => {
        await expect(cluster.release('db', {}, writes)).rejects.toThrow(Killed);
        await cluster.clock.advance(1_000);
        for (const write of [
          'apply EndpointSlice',
          'apply Endpoints',
          'patch EndpointSlice',
          'patch Service',
        ])
          cluster.before(write, look, Number.POSITIVE_INFINITY);
      });
      expect(await cluster.passOne(checked, down)).toMatchObject({
        phase: 'Published',
        reason: 'SomeNotReady',
      });
      await look();
      expect(disputes).toEqual([]);
      expect(await served()).toEqual({ 'external-endpoints': ['10.0.0.1'] });
    }
  });

  it('is taken up again wherever its process was killed, and nothing is served twice then', async () => {
    for (let writes = 1, wasKilled = true; wasKilled; writes++) {
      cluster.stop();
      cluster = new ContestedCluster();
      await cluster.pass(DB);
      wasKilled = await cluster.release('db', {}, writes).then(
        () => false,
        (error: unknown) => {
          if (error instanceof Killed) return true;
          throw error;
        },
      );
      expect(Object.values(await served()).flat()).not.toEqual([]);
      await cluster.release('db');
      expect(await served()).toEqual({ [MIRROR]: ['10.0.0.1', '10.0.0.2'] });
      expect(await marks()).toEqual([]);
    }
  });
});

describe('a release to Pods', () => {
  const selector = { app: 'db' };
  const POD = { ip: '10.244.0.7', ready: true };

  it('keeps ours until one of them is ready, and goes on from there', async () => {
    await cluster.pass(DB);
    cluster.pods.push({ ...POD, ready: false });
    expect(await cluster.release('db', { selector })).toMatchObject({
      phase: 'Pending',
      reason: 'WaitingForPods',
    });
    expect(await served()).toMatchObject({ 'external-endpoints': ['10.0.0.1', '10.0.0.2'] });
    cluster.pods.splice(0, 1, POD);
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db', namespace: 'default' } };
    await cluster.as('kubectl').merge(service, { metadata: { annotations: { touched: 'yes' } } });
    await cluster.clock.advance(1_000);
    expect(await cluster.release('db', { selector })).toMatchObject({
      phase: 'Orphaned',
      reason: 'Released',
    });
    expect(await served()).toEqual({ 'endpointslice-controller.k8s.io': ['10.244.0.7'] });
    const [found] = (await cluster.objects('Service')) as ServiceObject[];
    expect(found?.spec.selector).toEqual(selector);
    expect(await marks()).toEqual([]);
  });

  it('is taken up again wherever its process was killed, and the Service is never without endpoints', async () => {
    for (let writes = 1, wasKilled = true; wasKilled; writes++) {
      cluster.stop();
      cluster = new ContestedCluster();
      cluster.pods.push(POD);
      await cluster.pass(DB);
      wasKilled = await cluster.release('db', { selector }, writes).then(
        () => false,
        (error: unknown) => {
          if (error instanceof Killed) return true;
          throw error;
        },
      );
      expect(Object.values(await served()).flat()).not.toEqual([]);
      await cluster.release('db', { selector });
      expect(await served()).toEqual({ 'endpointslice-controller.k8s.io': ['10.244.0.7'] });
      expect(await marks()).toEqual([]);
    }
  });

  it('leaves Endpoints alone on which the endpoints controller put the labels that the Service had then', async () => {
    const metadata = { name: 'db', namespace: 'shop' };
    const person = cluster.as('kubectl-create');
    await person.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const spec = { selector, ports: [{ name: 'pg', port: 5432 }] };
    await person.create({ apiVersion: 'v1', kind: 'Service', metadata, spec } as ServiceObject);
    const labels = {
      'app.kubernetes.io/managed-by': 'external-endpoints',
      'external-endpoints/instance': 'default',
    };
    const made = await person.create({ ...ENDPOINTS, metadata: { ...metadata, labels } });
    const { summary } = await cluster.pass(DB, { options: { allowMassDelete: true } });
    expect(summary).toMatchObject({ deleted: 0 });
    const [left] = await cluster.objects('Endpoints', 'shop');
    expect(left?.metadata.uid).toBe(made.metadata.uid);
  });

  it('is refused where the Service selects others already, or is not ours to change', async () => {
    await cluster.pass(DB);
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db', namespace: 'default' } };
    await cluster.as('kubectl').merge(service, { spec: { selector: { app: 'other' } } });
    expect(await cluster.release('db', { selector })).toMatchObject({
      reason: 'ServiceHasSelector',
      actions: [],
    });
    await cluster.as('kubectl').create({
      ...service,
      metadata: { ...service.metadata, name: 'kept' },
      spec: { ports: [{ name: 'pg', port: 5432 }] },
    } as ServiceObject);
    const kept = DB.replace('name: db', 'name: kept').replace(PORTS, `${PORTS}, service: { create: false }`);
    await cluster.pass(kept, { options: { policy: 'upsert-only' } });
    expect(await cluster.release('kept', { selector })).toMatchObject({
      reason: 'ServiceNotOurs',
      actions: [],
    });
  });
});

describe('what cannot be released', () => {
  it('is what is not there, and what another instance keeps', async () => {
    expect(await cluster.release('nothing')).toMatchObject({ phase: 'Refused', reason: 'ServiceNotFound' });
    await cluster.pass(DB, { options: { instance: 'other' } });
    expect(await cluster.release('db')).toMatchObject({ phase: 'Refused', reason: 'OwnedByOtherInstance' });
  });
});

describe('two instances on one cluster', () => {
  it('never touch what the other keeps, whatever leaves their lists', async () => {
    const other = { options: { instance: 'other', allowMassDelete: true } };
    const mine = { options: { allowMassDelete: true } };
    const pruning = { options: { allowMassDelete: true, pruneLists: ['bench'] } };
    const named = (name: string) => DB.replace('name: db', `name: ${name}`);
    await cluster.pass(named('a'), mine);
    await cluster.pass(named('b'), other);
    const before = await Promise.all(
      (['Service', 'Endpoints', 'EndpointSlice'] as const).map((kind) => cluster.objects(kind)),
    );
    // Each list also has the other's target, with adopt, and neither instance knows the name of the other.
    const adopting = (name: string) => named(name).replace(PORTS, `${PORTS}, adopt: true`);
    const refused = { phase: 'Refused', reason: 'OwnedByOtherInstance', actions: [] };
    expect((await cluster.pass(`${named('a')}\n${adopting('b')}`, mine)).targets[1]).toMatchObject(refused);
    expect((await cluster.pass(`${named('b')}\n${adopting('a')}`, other)).targets[1]).toMatchObject(refused);
    await cluster.pass(named('a'), mine);
    await cluster.pass(named('b'), other);
    const after = await Promise.all(
      (['Service', 'Endpoints', 'EndpointSlice'] as const).map((kind) => cluster.objects(kind)),
    );
    expect(after).toEqual(before);
    // What leaves the one's list is the one's alone.
    await cluster.pass(named('c'), pruning);
    expect((await cluster.objects('Service')).map(({ metadata }) => metadata.name)).toEqual(['b', 'c']);
  });
});
