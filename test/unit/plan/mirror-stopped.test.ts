import { beforeEach, describe, expect, it } from 'vitest';
import type { ObjectStore } from '../../../src/cluster/object-store.ts';
import { readService } from '../../../src/cluster/read-cluster.ts';
import type { Assessment } from '../../../src/endpoint/assessment.ts';
import { ownerReference } from '../../../src/manifest/endpoint-slice.ts';
import type { EndpointSliceObject, KubeObject } from '../../../src/manifest/kube-object.ts';
import {
  MIRROR_CONTROLLER,
  SERVICE_NAME_LABEL,
  SLICE_MANAGED_BY_LABEL,
} from '../../../src/manifest/labels.ts';
import { planRelease } from '../../../src/plan/plan-release.ts';
import { planTarget } from '../../../src/plan/plan-target.ts';
import { situationOf } from '../../../src/plan/situation.ts';
import { writeActions } from '../../../src/sync/write-actions.ts';
import { assessed } from '../../support/assessments.ts';
import { InMemoryCluster } from '../../support/in-memory-cluster.ts';
import { targetDb } from '../../support/kube-objects.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { OtherManager } from '../../support/other-manager.ts';
import { readinessBySlice } from '../../support/slices.ts';
import { storeWith } from '../../support/store-with.ts';

const NEVER = new AbortController().signal;
const PORTS = [{ name: 'p', port: 5432, protocol: 'TCP' }];
const REFERENCE = { namespace: 'shop', name: 'db' };
const ALIVE = [assessed('10.0.0.1', 'healthy'), assessed('10.0.0.2', 'healthy')];
const ONE_DEAD = [assessed('10.0.0.1', 'healthy'), assessed('10.0.0.2', 'unhealthy')];

/** A cluster whose mirroring controller does not run, seen after every write. */
class Bench {
  /** By address: the readiness in each slice that has it, after the last write. */
  readiness = new Map<string, readonly boolean[]>();
  readonly store: ObjectStore;
  readonly #kubectl: OtherManager;

  constructor() {
    const client = new InMemoryCluster(new ManualClock()).newClient();
    const { store } = client;
    this.#kubectl = new OtherManager(client, 'kubectl');
    this.store = storeWith(store, {
      apply: (...request) => this.#checkedAfter(store.apply(...request)),
      patch: (...request) => this.#checkedAfter(store.patch(...request)),
      delete: (...request) => this.#checkedAfter(store.delete(...request)),
    });
  }

  async createByHand(): Promise<void> {
    const metadata = { ...REFERENCE };
    await this.#kubectl.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const spec = { ports: [{ ...PORTS[0], targetPort: 5432 }] };
    await this.#kubectl.create({ apiVersion: 'v1', kind: 'Service', metadata, spec } as KubeObject);
    const addresses = [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }];
    const subsets = [{ addresses, ports: PORTS }];
    await this.#kubectl.create({ apiVersion: 'v1', kind: 'Endpoints', metadata, subsets } as KubeObject);
  }

  /** As the mirroring controller left it before it stopped. */
  async createMirroredSlice(): Promise<void> {
    const { service } = await this.read();
    const labels = { [SERVICE_NAME_LABEL]: 'db', [SLICE_MANAGED_BY_LABEL]: MIRROR_CONTROLLER };
    const ownerReferences = [ownerReference('db', service?.metadata.uid ?? '')];
    await this.#kubectl.create({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'db-x7k2p', namespace: 'shop', labels, ownerReferences },
      addressType: 'IPv4',
      endpoints: ['10.0.0.1', '10.0.0.2'].map((each) => ({ addresses: [each], conditions: { ready: true } })),
      ports: PORTS,
    } as KubeObject);
    await this.#check();
  }

  async read() {
    const existing = await readService(REFERENCE, this.store, NEVER);
    if (!existing.ok) throw new Error(existing.failure.message);
    return existing.value;
  }

  /** One plan, applied. @returns what it waits for. */
  async reconcile(assessments: readonly Assessment[], adopt: boolean, mirrorStopped = false) {
    const options = { instance: 'default', adopt, policy: 'sync' } as const;
    const situation = situationOf({ target: targetDb(), existing: await this.read(), options });
    const { plan } = planTarget({ situation, assessments, troubles: [], mirrorStopped });
    expect(await writeActions(plan, this.store, { dryRun: false }, NEVER)).toMatchObject({ status: 'done' });
    return plan.continuation?.until;
  }

  async release(): Promise<void> {
    const plan = planRelease({ ...REFERENCE, existing: await this.read(), instance: 'default' });
    expect(plan.continuation).toEqual({ until: 'MirroredSlicesPresent' });
    expect(await writeActions(plan, this.store, { dryRun: false }, NEVER)).toMatchObject({ status: 'done' });
  }

  async #checkedAfter<T>(write: Promise<T>): Promise<T> {
    const result = await write;
    await this.#check();
    return result;
  }

  /** No two slices disagree, and the healthy address is ready. */
  async #check(): Promise<void> {
    const listed = await this.store.list('EndpointSlice', { namespace: 'shop' }, NEVER);
    if (!listed.ok) throw new Error(listed.failure.message);
    this.readiness = new Map(
      [...readinessBySlice(listed.value.items as readonly EndpointSliceObject[])].map(([key, places]) => [
        key.split(' ')[0] ?? '',
        [...places.values()],
      ]),
    );
    for (const places of this.readiness.values()) expect(new Set(places).size).toBe(1);
    if (this.readiness.size > 0) expect(this.readiness.get('10.0.0.1')).toContain(true);
  }
}

describe('planTarget, while the mirroring controller does not run', () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });

  it('in an adoption waits, then deletes the mirrored slice, then publishes the verdict', async () => {
    await bench.createByHand();
    await bench.createMirroredSlice();
    expect(await bench.reconcile(ONE_DEAD, true)).toBe('MirroredSlicesGone');
    expect(await bench.reconcile(ONE_DEAD, true)).toBe('MirroredSlicesGone');
    expect(bench.readiness.get('10.0.0.2')).toEqual([true, true]);
    expect(await bench.reconcile(ONE_DEAD, true, true)).toBe('ServiceRead');
    expect(bench.readiness.get('10.0.0.2')).toEqual([true]);
    expect(await bench.reconcile(ONE_DEAD, true, true)).toBeUndefined();
    expect(bench.readiness.get('10.0.0.2')).toEqual([false]);
  });

  it('in a Service of ours takes two plans to publish the verdict, without mirrorStopped', async () => {
    await bench.createByHand();
    await bench.reconcile(ALIVE, true);
    await bench.createMirroredSlice();
    expect(await bench.reconcile(ALIVE, false)).toBe('MirroredSlicesGone');
    expect(await bench.reconcile(ONE_DEAD, false)).toBe('ServiceRead');
    expect(await bench.reconcile(ONE_DEAD, false)).toBeUndefined();
    expect(bench.readiness.get('10.0.0.2')).toEqual([false]);
  });

  it.each([
    ['before', false],
    ['after', true],
  ])(
    'in a Service that is being released %s the mirror acted, takes the Service back first',
    async (_, mirrored) => {
      await bench.createByHand();
      await bench.reconcile(ALIVE, true);
      await bench.release();
      if (mirrored) await bench.createMirroredSlice();
      expect(await bench.reconcile(ONE_DEAD, false)).toBe(mirrored ? 'MirroredSlicesGone' : 'ServiceRead');
      if (mirrored) expect(await bench.reconcile(ONE_DEAD, false)).toBe('ServiceRead');
      expect(await bench.reconcile(ONE_DEAD, false)).toBeUndefined();
      expect(bench.readiness.get('10.0.0.2')).toEqual([false]);
    },
  );
});
