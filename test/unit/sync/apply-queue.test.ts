import { describe, expect, it } from 'vitest';
import type { ApiResult, ObjectStore } from '../../../src/cluster/object-store.ts';
import { NOTHING_EXISTS } from '../../../src/plan/existing-objects.ts';
import type { ObjectPlan } from '../../../src/plan/object-plan.ts';
import { ApplyQueue } from '../../../src/sync/apply-queue.ts';
import { TargetRecord } from '../../../src/sync/target-record.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const WRITERS = 16;

/** A queue over an API server that answers a write when the test says so. */
class QueueBench {
  readonly clock = new ManualClock();
  /** Services being written, in the order they came; each leaves when it is answered. */
  readonly writing: string[] = [];
  readonly applied: string[] = [];
  /** By name: what has to come true before the next plan of the record. */
  readonly continues = new Map<string, string>();
  readonly overtaken: string[] = [];
  readonly #answers = new Map<string, () => void>();
  readonly #applyQueue: ApplyQueue;

  constructor() {
    const store: Partial<ObjectStore> = {
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
        dryRun: false,
        backsOff: true,
        onApplied: ({ name }, { outcome }) => {
          this.applied.push(name);
          if (outcome.status === 'continues') this.continues.set(name, outcome.until);
        },
        onOvertaken: ({ name }) => this.overtaken.push(name),
        onCrash: (error) => {
          throw error;
        },
      },
      new AbortController().signal,
    );
  }

  /** @param sinceMs since when it has waited. */
  enqueue(name: string, sinceMs: number, more: Partial<ObjectPlan> = {}): TargetRecord {
    const record = new TargetRecord('shop', name);
    record.discover(NOTHING_EXISTS, 0);
    record.add(sinceMs);
    this.decide(record, more);
    return record;
  }

  decide(record: TargetRecord, more: Partial<ObjectPlan> = {}): void {
    const { namespace, name } = record;
    record.startDecision();
    const body = { apiVersion: 'v1', kind: 'Service', metadata: { namespace, name } };
    const action = { kind: 'Service', namespace, name, reason: 'Missing', verb: 'create' } as const;
    const actions = [{ ...action, body, force: false, changes: [] }];
    const outcome = { phase: 'Published', reason: 'Synced', message: '' } as const;
    const plan: ObjectPlan = { namespace, name, ...outcome, actions, ...more };
    this.#applyQueue.enqueue(record, { plan, assessments: [] }, this.clock.monotonicNow());
    this.#applyQueue.pump();
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
function busyBench(): QueueBench {
  const bench = new QueueBench();
  for (let at = 0; at < WRITERS; at++) bench.enqueue(`busy-${at}`, 0);
  return bench;
}

describe('ApplyQueue', () => {
  it('writes a bounded number of plans at a time, the longest waiting first', async () => {
    const bench = busyBench();
    bench.enqueue('late', 300);
    bench.enqueue('early', 100);
    bench.enqueue('later', 300);
    expect(bench.writing).toHaveLength(WRITERS);
    await bench.answer('busy-0');
    expect(bench.writing.at(-1)).toBe('early');
    await bench.answer('busy-1');
    expect(bench.writing.at(-1)).toBe('late');
    await bench.answer('busy-2');
    expect(bench.writing.at(-1)).toBe('later');
    expect(bench.writing).toHaveLength(WRITERS);
  });

  it('drops a plan whose record was added since, and the record keeps its place', async () => {
    const bench = busyBench();
    const restless = bench.enqueue('restless', 100);
    bench.enqueue('calm', 200);
    bench.enqueue('calm too', 300);
    await bench.clock.advance(50);
    restless.add(bench.clock.monotonicNow());
    await bench.answer('busy-0');
    expect(bench.overtaken).toEqual(['restless']);
    expect(bench.writing.at(-1)).toBe('calm');
    expect([restless.state, restless.dirtySinceMs]).toEqual(['ready', 100]);
    bench.decide(restless);
    await bench.answer('busy-1');
    expect(bench.writing.at(-1)).toBe('restless');
  });

  it('has ended with a plan whose next step another controller takes: its place is free for others', async () => {
    const bench = new QueueBench();
    for (let at = 0; at < WRITERS; at++) {
      bench.enqueue(`waits-${at}`, 0, { continuation: { until: 'SelectedPodsReady' } });
    }
    bench.enqueue('verdict', 100);
    expect(bench.writing).not.toContain('verdict');
    await bench.answer('waits-0');
    expect(bench.writing).toContain('verdict');
    await bench.answer('verdict');
    expect(bench.applied).toEqual(['waits-0', 'verdict']);
    expect([...bench.continues]).toEqual([['waits-0', 'SelectedPodsReady']]);
    await bench.answer(...Array.from({ length: WRITERS }, (_, at) => `waits-${at}`));
    await bench.drain();
    expect(bench.applied).toHaveLength(WRITERS + 1);
  });

  it('leaves what only waits to the next process when it is drained', async () => {
    const bench = busyBench();
    const waiting = bench.enqueue('waiting', 100);
    const drained = bench.drain();
    await bench.answer(...Array.from({ length: WRITERS }, (_, at) => `busy-${at}`));
    await drained;
    expect(bench.applied).toHaveLength(WRITERS);
    expect([waiting.state, bench.writing]).toEqual(['ready', []]);
  });
});
