import { describe, expect, it } from 'vitest';
import type { ApiResult, ObjectStore } from '../../../src/cluster/object-store.ts';
import type { ObjectPlan } from '../../../src/plan/object-plan.ts';
import { ApplyQueue } from '../../../src/sync/apply-queue.ts';
import { newRecord, type TargetRecord } from '../../../src/sync/target-record.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const WRITERS = 16;
const NOTHING_THERE = {
  ok: false,
  failure: { reason: 'NotFound', httpStatus: 404, message: '', outcomeUnknown: false },
} as const;

/** A carrier over an API server that answers a write when the test says so, and finds nothing. */
class CarrierBench {
  readonly clock = new ManualClock();
  /** Services being written, in the order they came; each leaves when it is answered. */
  readonly writing: string[] = [];
  readonly settled: string[] = [];
  readonly dropped: string[] = [];
  readonly #answers = new Map<string, () => void>();
  readonly #applyQueue: ApplyQueue;

  constructor() {
    const store: Partial<ObjectStore> = {
      get: async () => NOTHING_THERE,
      list: async () => ({
        ok: true,
        value: { resourceVersion: '1', items: [] },
        created: false,
        warnings: [],
      }),
      apply: (body) => {
        const { name } = body.metadata;
        this.writing.push(name);
        return new Promise<ApiResult<typeof body>>((resolve) => {
          this.#answers.set(name, () => {
            this.writing.splice(this.writing.indexOf(name), 1);
            resolve({ ok: true, value: body, created: true, warnings: [] });
          });
        });
      },
    };
    this.#applyQueue = new ApplyQueue(
      { store: store as ObjectStore, clock: this.clock, random: seededRandom(1) },
      {
        options: {
          instance: 'default',
          adopt: false,
          policy: 'sync',
          allowMassDelete: false,
          acceptDrain: false,
        },
        onApplied: ({ name }) => this.settled.push(name),
        onDropped: ({ name }) => this.dropped.push(name),
      },
      new AbortController().signal,
    );
  }

  /** @param sinceMs when the wish for it arose. */
  carry(name: string, sinceMs: number, more: Partial<ObjectPlan> = {}): TargetRecord {
    const entry = newRecord('shop', name);
    this.carryAgain(entry, sinceMs, more);
    return entry;
  }

  carryAgain(entry: TargetRecord, sinceMs: number, more: Partial<ObjectPlan> = {}): void {
    const { namespace, name } = entry;
    entry.decidedForMs = sinceMs;
    entry.dirtySinceMs = undefined;
    const body = { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name } };
    const action = { kind: 'Service', namespace, name, reason: 'Missing', verb: 'create' } as const;
    const actions = [{ ...action, body, force: false, changes: [] }];
    const outcome = { phase: 'Published', reason: 'Synced', message: '' } as const;
    const plan: ObjectPlan = { namespace, name, ...outcome, actions, ...more };
    this.#applyQueue.enqueue(entry, { plan, assessments: [] }, this.clock.monotonicNow());
  }

  async answer(...names: readonly string[]): Promise<void> {
    for (const name of names) this.#answers.get(name)?.();
    await settle();
  }

  drain(): Promise<void> {
    return this.#applyQueue.drain();
  }
}

/** As many plans as may write at a time, all under way: `busy-0` and on. */
function busyBench(): CarrierBench {
  const bench = new CarrierBench();
  for (let at = 0; at < WRITERS; at++) bench.carry(`busy-${at}`, 0);
  return bench;
}

describe('plans on their way to the API server', () => {
  it('are bounded in number, and whoever has waited longest comes first', async () => {
    const bench = busyBench();
    bench.carry('late', 300);
    bench.carry('early', 100);
    bench.carry('later', 300);
    expect(bench.writing).toHaveLength(WRITERS);
    await bench.answer('busy-0');
    expect(bench.writing.at(-1)).toBe('early');
    await bench.answer('busy-1');
    expect(bench.writing.at(-1)).toBe('late');
    await bench.answer('busy-2');
    expect(bench.writing.at(-1)).toBe('later');
    expect(bench.writing).toHaveLength(WRITERS);
  });

  it('that are no longer what would be decided are dropped, and keep their place in the line', async () => {
    const bench = busyBench();
    const restless = bench.carry('restless', 100);
    bench.carry('calm', 200);
    bench.carry('calm too', 300);
    await bench.clock.advance(50);
    restless.dirtySinceMs = bench.clock.monotonicNow();
    await bench.answer('busy-0');
    expect(bench.dropped).toEqual(['restless']);
    expect(bench.writing.at(-1)).toBe('calm');
    expect(restless.dirtySinceMs).toBe(100);
    bench.carryAgain(restless, restless.dirtySinceMs ?? 0);
    await bench.answer('busy-1');
    expect(bench.writing.at(-1)).toBe('restless');
  });

  it('leave their turn to others while they wait for another controller', async () => {
    const bench = new CarrierBench();
    for (let at = 0; at < WRITERS; at++) {
      bench.carry(`handover-${at}`, 0, { continuation: { until: 'SelectedPodsReady' } });
    }
    bench.carry('verdict', 100);
    expect(bench.writing).not.toContain('verdict');
    await bench.answer('handover-0');
    expect(bench.writing).toContain('verdict');
    await bench.answer('verdict', ...Array.from({ length: WRITERS }, (_, at) => `handover-${at}`));
    expect(bench.settled).toEqual(['verdict']);
    await bench.clock.advanceUntil(bench.drain());
    expect(bench.settled).toHaveLength(WRITERS + 1);
  });
});
