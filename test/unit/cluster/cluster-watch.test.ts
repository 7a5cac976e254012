import { describe, expect, it } from 'vitest';
import { ClusterWatch } from '../../../src/cluster/cluster-watch.ts';
import type { ListScope, ObjectStore } from '../../../src/cluster/object-store.ts';
import { DriftDetector } from '../../../src/sync/drift-detector.ts';
import { TargetRegistry } from '../../../src/sync/target-registry.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { failureOf, listOf as listed, ScriptedStore } from '../../support/scripted-store.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { listOf } from '../../support/targets.ts';

const OURS = 'app.kubernetes.io/managed-by=external-endpoints,external-endpoints/instance=default';
const TARGETS =
  listOf(`  - { name: db, namespace: shop, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }] }
  - { name: kept, namespace: crm, service: { create: false }, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }] }`).targets;

/** A watch of these targets, and its list scopes by kind, in a store that may reject them. */
async function scopesOf(mayListAll: boolean): Promise<string[]> {
  const asked: string[] = [];
  const store = new ScriptedStore();
  const list: ObjectStore['list'] = async (kind, scope, signal) => {
    asked.push(`${kind} ${scope.namespace ?? '*'}: ${(scope.labelSelector ?? 'all').replace(OURS, 'ours')}`);
    if (scope.namespace === undefined && !mayListAll)
      return { ok: false, failure: failureOf('Forbidden', 403) };
    return store.list(kind, scope, signal);
  };
  const watch = new ClusterWatch(
    {
      store: { list, watch: store.watch.bind(store) } as unknown as ObjectStore,
      clock: new ManualClock(),
      random: seededRandom(1),
    },
    {
      instance: 'default',
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      onUpsert: () => undefined,
      onDelete: () => undefined,
      onReplace: () => undefined,
    },
  );
  watch.setTargets(TARGETS);
  const stop = new AbortController();
  const running = watch.run(stop.signal);
  for (let turn = 0; turn < 5; turn++) await settle();
  expect(watch.synced).toBe(true);
  stop.abort(new Error('seen enough'));
  await running;
  return asked;
}

describe('ClusterWatch', () => {
  it('watches objects with our labels, slices of our Services, and all Services of a namespace with a `create: false` target', async () => {
    expect((await scopesOf(true)).sort()).toEqual([
      'EndpointSlice *: kubernetes.io/service-name in (db,kept)',
      'Endpoints *: ours',
      'Service *: ours',
      'Service crm: all',
    ]);
  });

  it('watches each namespace of the list if it may not watch all namespaces', async () => {
    expect((await scopesOf(false)).filter((scope) => !scope.includes('*')).sort()).toEqual([
      'EndpointSlice crm: kubernetes.io/service-name in (kept)',
      'EndpointSlice shop: kubernetes.io/service-name in (db)',
      'Endpoints crm: ours',
      'Endpoints shop: ours',
      'Service crm: all',
      'Service shop: ours',
    ]);
  });
});

describe('DriftDetector, for an object that we do not own', () => {
  const service = {
    apiVersion: 'v1',
    kind: 'Service' as const,
    metadata: { namespace: 'crm', name: 'kept', uid: 'u', resourceVersion: '5' },
  };
  const slice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: 'crm',
      name: 'kept-x',
      uid: 's',
      resourceVersion: '5',
      labels: { 'kubernetes.io/service-name': 'kept' },
    },
    addressType: 'IPv4',
    endpoints: [],
    ports: [],
  } as const;

  function driftDetector() {
    const registry = new TargetRegistry();
    registry.replaceTargets(TARGETS, 0);
    const entry = registry.recordFor('crm', 'kept');
    entry.discover({ service: { ...service, spec: {} }, slices: [slice] }, 0);
    const changed: string[] = [];
    return { changed, detector: new DriftDetector(registry, 'default', ({ name }) => changed.push(name)) };
  }

  it.each<[string, string, ListScope, number]>([
    ['a Service, where all are followed', 'Service', { namespace: 'crm' }, 1],
    ['a Service, where only ours are: nothing is known of it', 'Service', { labelSelector: OURS }, 0],
    ['a slice', 'EndpointSlice', { labelSelector: 'kubernetes.io/service-name in (kept)' }, 1],
    ['a Service of another namespace', 'Service', { namespace: 'shop' }, 0],
  ])('notices after missed changes that the object is gone: %s', (_, kind, scope, expected) => {
    const { changed, detector } = driftDetector();
    const nothing = listed('9');
    detector.onRelist(kind, scope, nothing.ok ? nothing.value.items : []);
    expect(changed).toHaveLength(expected);
  });
});
