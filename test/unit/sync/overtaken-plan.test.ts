import { describe, expect, it } from 'vitest';
import { readService } from '../../../src/cluster/read-cluster.ts';
import { decide, NO_CLUSTER, type TargetDecision } from '../../../src/decide/decide.ts';
import type { EndpointSliceObject } from '../../../src/manifest/kube-object.ts';
import { DEFAULT_GUARDS } from '../../../src/model/guards.ts';
import { NOTHING_EXISTS } from '../../../src/plan/existing-objects.ts';
import { ApplyQueue } from '../../../src/sync/apply-queue.ts';
import { newRecord, type TargetRecord } from '../../../src/sync/target-record.ts';
import { instantOf } from '../../../src/time/clock.ts';
import { healthOf } from '../../support/assessments.ts';
import { InMemoryCluster } from '../../support/in-memory-cluster.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { targetOf } from '../../support/targets.ts';

const OPTIONS = {
  instance: 'default',
  adopt: false,
  policy: 'sync',
  allowMassDelete: false,
  acceptDrain: false,
} as const;

const FOREVER = new AbortController().signal;

/** One Service with one address, and a carrier that is told to change it. */
class CarrierBench {
  readonly clock = new ManualClock();
  readonly client = new InMemoryCluster(this.clock).newClient();
  readonly entry: TargetRecord = newRecord('shop', 'db');
  readonly applyQueue = new ApplyQueue(
    { store: this.client.store, clock: this.clock, random: seededRandom(1) },
    { options: OPTIONS, onApplied: () => undefined, onDropped: () => undefined },
    FOREVER,
  );

  async prepare(): Promise<void> {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } };
    await this.clock.advanceUntil(this.client.store.create(namespace, { dryRun: false }, FOREVER));
    this.applyQueue.enqueue(this.entry, this.decided('healthy'), this.clock.monotonicNow());
    await this.clock.advanceUntil(this.applyQueue.drain());
    await this.read();
  }

  async read(): Promise<void> {
    const reading = await this.clock.advanceUntil(readService(this.entry, this.client.store, FOREVER));
    if (!reading.ok) throw new Error(reading.failure.message);
    this.entry.existing = reading.value;
  }

  decided(verdict: 'healthy' | 'unhealthy'): TargetDecision {
    const target = targetOf('ports: [{ port: 5432 }], endpoints: [{ address: 10.0.0.1 }]');
    const { existing = NOTHING_EXISTS } = this.entry;
    const [decided] = decide(
      {
        targets: [{ target, existing, memory: new Map(), answers: new Map() }],
        removals: [],
        ownedServices: 1,
        removedBesides: 0,
        healthOf: () => healthOf(verdict),
        guards: DEFAULT_GUARDS,
        options: OPTIONS,
        hasNoStateStore: false,
        clusterWide: NO_CLUSTER,
      },
      instantOf(this.clock),
    ).targets;
    if (decided === undefined) throw new Error('one target is decided');
    return decided;
  }

  /** Somebody edits the slice, so that what was planned for it no longer fits. */
  async editSlice(): Promise<void> {
    const [slice] = this.entry.existing?.slices ?? [];
    if (slice === undefined) throw new Error('the target has a slice');
    const body = { ...slice, metadata: { ...slice.metadata, annotations: { edited: 'yes' } } };
    await this.clock.advanceUntil(this.client.store.replace(body, { dryRun: false }, FOREVER));
  }

  async isReady(): Promise<boolean | undefined> {
    await this.read();
    const [slice] = (this.entry.existing?.slices ?? []) as readonly EndpointSliceObject[];
    return slice?.endpoints?.[0]?.conditions?.ready;
  }
}

describe('a plan that takes long to carry out', () => {
  it('does not go on with a decision that was overtaken while it was carried out', async () => {
    const bench = new CarrierBench();
    await bench.prepare();
    const drain = bench.decided('unhealthy');
    await bench.editSlice();

    bench.client.fault = ({ method }) => {
      if (method === 'PATCH') bench.entry.dirtySinceMs = bench.clock.monotonicNow() + 1;
      return undefined;
    };
    bench.applyQueue.enqueue(bench.entry, drain, bench.clock.monotonicNow());
    await bench.clock.advanceUntil(bench.applyQueue.drain());

    expect(bench.entry.busy).toBe(false);
    expect(await bench.isReady()).toBe(true);
  });

  it('goes on with one that still stands when the cluster has changed meanwhile', async () => {
    const bench = new CarrierBench();
    await bench.prepare();
    const drain = bench.decided('unhealthy');
    await bench.editSlice();

    bench.applyQueue.enqueue(bench.entry, drain, bench.clock.monotonicNow());
    await bench.clock.advanceUntil(bench.applyQueue.drain());

    expect(await bench.isReady()).toBe(false);
  });
});
