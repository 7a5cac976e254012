import { describe, expect, it } from 'vitest';
import { HealthMemory } from '../../../src/health/memory.ts';
import { Monitor } from '../../../src/health/monitor.ts';
import { NOTHING_EXISTS } from '../../../src/plan/existing-objects.ts';
import { CheckSet } from '../../../src/sync/check-set.ts';
import { newRecord } from '../../../src/sync/target-record.ts';
import { WorkQueue } from '../../../src/sync/work-queue.ts';
import { Signal } from '../../../src/time/signal.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const SOON_MS = 1_000;

/** An agenda on which two entries stand that no list names: of the one is known what exists, the other is unread. */
function agendaOfTwo() {
  const clock = new ManualClock();
  const monitor = new Monitor({
    prober: () => Promise.reject(new Error('nothing is checked here')),
    clock,
    random: seededRandom(1),
    maxInFlight: 1,
    onObservation: () => undefined,
  });
  const queue = new WorkQueue(clock, new CheckSet(monitor, new HealthMemory(new Map())), new Signal(clock));
  const known = { ...newRecord('shop', 'known'), existing: NOTHING_EXISTS };
  const unread = newRecord('shop', 'unread');
  queue.add(known);
  queue.add(unread);
  const due = () => queue.dueAt(clock.monotonicNow() + SOON_MS);
  return { queue, clock, known, unread, due };
}

describe('what has left the list', () => {
  it('waits while there are names of which nobody knows yet what exists', () => {
    const { known, unread, due } = agendaOfTwo();
    expect(due()).toEqual([unread]);
    unread.existing = NOTHING_EXISTS;
    expect(due()).toEqual([known, unread]);
  });

  it('wakes nobody meanwhile: whoever is being read will', () => {
    const { queue, unread } = agendaOfTwo();
    unread.busy = true;
    expect(queue.nextDueAtMs(0)).toBe(Number.POSITIVE_INFINITY);
  });

  it('waits for none that cannot be read', () => {
    const { clock, known, unread, due } = agendaOfTwo();
    unread.backOff = { failures: 1, untilMs: clock.monotonicNow() + 60_000 };
    expect(due()).toEqual([known]);
  });

  it('waits for none that is only read again', () => {
    const { known, unread, due } = agendaOfTwo();
    unread.existingBefore = NOTHING_EXISTS;
    expect(due()).toEqual([known, unread]);
  });
});
