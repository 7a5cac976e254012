import { describe, expect, it } from 'vitest';
import { NOTHING_EXISTS } from '../../../src/plan/existing-objects.ts';
import { TargetRecord } from '../../../src/sync/target-record.ts';
import { WorkQueue } from '../../../src/sync/work-queue.ts';
import { Signal } from '../../../src/time/signal.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const SOON_MS = 1_000;
const NEVER = Number.POSITIVE_INFINITY;

/** A queue with two records: of `known` it is known what exists, `unread` was never read. */
function queueOfTwo() {
  const clock = new ManualClock();
  const opensAtMs = new Map<TargetRecord, number>();
  const queue = new WorkQueue(clock, new Signal(clock), (record) => opensAtMs.get(record) ?? NEVER);
  const [known, unread] = [new TargetRecord('shop', 'known'), new TargetRecord('shop', 'unread')];
  known.discover(NOTHING_EXISTS, 0);
  queue.add(known);
  queue.add(unread);
  const soonMs = clock.monotonicNow() + SOON_MS;
  /** It was looked at, and waits for a gate. */
  const postpone = (record: TargetRecord) => {
    queue.take([record]);
    record.postpone('everythingObserved');
    queue.track(record);
  };
  return { queue, clock, opensAtMs, known, unread, soonMs, postpone };
}

describe('WorkQueue', () => {
  it('gives records that are not read to the reader, and those that are to the decision', () => {
    const { queue, known, unread, soonMs } = queueOfTwo();
    expect(queue.unread(soonMs)).toEqual([unread]);
    expect(queue.ready(soonMs)).toEqual([known]);
  });

  it('waits 20 ms for what changes together', () => {
    const { queue, clock } = queueOfTwo();
    expect(queue.ready(clock.monotonicNow() + 19)).toEqual([]);
    expect(queue.ready(clock.monotonicNow() + 20)).toHaveLength(1);
    expect(queue.nextDueAtMs(0)).toBe(clock.monotonicNow() + 20);
  });

  it('wakes nobody for a record that is being read', () => {
    const { queue, known, unread } = queueOfTwo();
    queue.remove(known);
    unread.startReading();
    expect(queue.nextDueAtMs(0)).toBe(NEVER);
  });

  it('is reading first until each record was read once or cannot be read', () => {
    const { queue, clock, unread } = queueOfTwo();
    expect(queue.isReadingFirst).toBe(true);
    unread.backOff = { failures: 1, untilMs: clock.monotonicNow() + 60_000 };
    expect(queue.isReadingFirst).toBe(false);
  });

  it('is not reading first when a record that was decided before is read again', () => {
    const { queue, known, unread } = queueOfTwo();
    queue.remove(unread);
    queue.take([known]);
    known.keepDecision(undefined);
    known.invalidate();
    queue.add(known);
    expect([known.state, queue.isReadingFirst]).toEqual(['queued', false]);
  });

  it('parks a postponed record until its gate opens by time', () => {
    const { queue, opensAtMs, known, soonMs, postpone } = queueOfTwo();
    postpone(known);
    opensAtMs.set(known, soonMs + 500);
    expect(queue.ready(soonMs)).toEqual([]);
    expect([queue.isEmpty, queue.waiting.count]).toEqual([false, 2]);
    expect(queue.ready(soonMs + 500)).toEqual([known]);
  });

  it('looks at a parked record again when it is added, or when the gates are opened', () => {
    const { queue, opensAtMs, known, soonMs, postpone } = queueOfTwo();
    postpone(known);
    expect(queue.ready(soonMs)).toEqual([]);
    opensAtMs.set(known, 0);
    expect(queue.ready(soonMs)).toEqual([]);
    queue.add(known);
    expect(queue.ready(soonMs)).toEqual([known]);
    opensAtMs.delete(known);
    expect(queue.ready(soonMs)).toEqual([]);
    opensAtMs.set(known, 0);
    queue.openGates();
    expect(queue.ready(soonMs)).toEqual([known]);
  });

  it('adds a record when its timer is due, and reads its objects again only for requeueAtMs', () => {
    const { queue, known, soonMs } = queueOfTwo();
    queue.remove(known);
    known.nextChangeAtMs = soonMs;
    queue.noteTimer(known);
    queue.promoteDueTimers([known], soonMs - 1);
    expect(known.state).toBe('idle');
    queue.promoteDueTimers([known], soonMs);
    expect([known.state, known.nextChangeAtMs]).toEqual(['ready', NEVER]);
    known.requeueAtMs = soonMs;
    queue.noteTimer(known);
    queue.promoteDueTimers([known], soonMs);
    expect([known.state, known.requeueAtMs]).toEqual(['queued', NEVER]);
  });
});
