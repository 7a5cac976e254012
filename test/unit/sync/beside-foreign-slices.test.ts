import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EndpointSliceObject } from '../../../src/manifest/kube-object.ts';
import { ContestedCluster } from '../../support/contested-cluster.ts';

const A = '10.0.0.1';
const CHECKED = 'healthCheck: { type: tcp, interval: 1s, healthyThreshold: 1, unhealthyThreshold: 1 }';
const DB = `  - { name: db, ports: [{ name: pg, port: 5432 }], endpoints: [{ address: ${A} }, { address: 10.0.0.2 }], ${CHECKED} }`;

let cluster: ContestedCluster;
beforeEach(() => {
  cluster = new ContestedCluster();
});
afterEach(() => cluster.stop());

function foreignSlices(ready: boolean): EndpointSliceObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'theirs', namespace: 'default', labels: { 'kubernetes.io/service-name': 'db' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [A], conditions: { ready } }],
    ports: [{ name: 'pg', port: 5432, protocol: 'TCP' }],
  };
}

/** How the address stands in slices of ours. */
async function ours(): Promise<boolean | 'absent'> {
  const slices = (await cluster.objects('EndpointSlice')) as EndpointSliceObject[];
  const found = slices
    .filter(({ metadata }) => metadata.name !== 'theirs')
    .flatMap(({ endpoints }) => endpoints ?? [])
    .find(({ addresses }) => addresses[0] === A);
  return found === undefined ? 'absent' : (found.conditions?.ready ?? true);
}

describe('an address that is also in a foreign slice', () => {
  it.each([
    { before: true, theirs: true, healthy: true, after: true },
    { before: true, theirs: true, healthy: false, after: 'absent' },
    { before: true, theirs: false, healthy: false, after: false },
    { before: true, theirs: false, healthy: true, after: true },
    { before: false, theirs: true, healthy: true, after: true },
    { before: false, theirs: true, healthy: false, after: 'absent' },
    { before: false, theirs: false, healthy: false, after: false },
    { before: false, theirs: false, healthy: true, after: false },
  ] as const)(
    'stood as ready: $before, is theirs as ready: $theirs, is healthy: $healthy → $after',
    async ({ before, theirs, healthy, after }) => {
      await cluster.passOne(DB, { world: { down: before ? [] : [A] } });
      expect(await ours()).toBe(before);
      await cluster.as('our-script').create(foreignSlices(theirs));
      const world = { down: healthy ? [] : [A] };
      expect(await cluster.passOne(DB, { world })).toMatchObject({
        phase: 'Refused',
        reason: 'SlicesNotOurs',
      });
      expect(await ours()).toBe(after);
      expect((await cluster.passOne(DB, { world })).actions).toEqual([]);
      // And when they leave, ours is as if they had never been there.
      await cluster.as('our-script').delete(foreignSlices(theirs));
      expect(await cluster.passOne(DB, { world })).toMatchObject({ phase: 'Published' });
      expect(await ours()).toBe(healthy);
    },
  );

  it('is nobody’s reason to begin serving a Service that only they serve', async () => {
    await cluster.as('our-script').create(foreignSlices(true));
    expect(await cluster.passOne(DB)).toMatchObject({
      phase: 'Refused',
      reason: 'SlicesNotOurs',
      actions: [],
    });
    expect(await cluster.objects('Service')).toEqual([]);
  });

  it('does not tie us to a Service that was deleted and made anew by somebody else', async () => {
    await cluster.pass(DB);
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'db', namespace: 'default' } };
    await cluster.as('helm').delete(service);
    const theirs = { ...service, spec: { ports: [{ name: 'pg', port: 5432 }] } };
    await cluster.as('helm').create(theirs);
    expect(await cluster.passOne(DB)).toMatchObject({
      phase: 'Refused',
      reason: 'ServiceNotOurs',
      actions: [],
    });
  });
});
