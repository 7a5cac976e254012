import { describe, expect, it } from 'vitest';
import type { Happening } from '../../../src/cluster/event-object.ts';
import type { Assessment, PortAssessment } from '../../../src/endpoint/assessment.ts';
import type { Log } from '../../../src/model/log.ts';
import { NO_METRICS } from '../../../src/sync/metrics.ts';
import { StatusRecorder } from '../../../src/sync/status-recorder.ts';
import { TargetRecord } from '../../../src/sync/target-record.ts';
import { assessed } from '../../support/assessments.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

/** The log lines and Events of one target with one assessment of its address after the other. */
function toldOf(...states: readonly Partial<PortAssessment>[]): { lines: string[]; events: string[] } {
  const lines: string[] = [];
  const happenings: Happening[] = [];
  const line = (level: string) => (reason: string, message: string) => {
    lines.push(`${level} ${reason}: ${message}`);
  };
  const log: Log = { info: line('info'), warn: line('warn'), error: line('error') };
  const events = { record: (happening: Happening) => happenings.push(happening) };
  const recorder = new StatusRecorder({
    clock: new ManualClock(),
    random: seededRandom(1),
    log,
    metrics: NO_METRICS,
    events,
  });
  const entry = new TargetRecord('shop', 'db');
  const plan = {
    namespace: 'shop',
    name: 'db',
    phase: 'Published',
    reason: 'Ready',
    message: '',
    actions: [],
  } as const;
  for (const port of states) {
    const assessments: Assessment[] = [assessed('10.0.0.1', 'healthy', { port })];
    recorder.recordUnchanged(entry, { plan, assessments });
  }
  return {
    lines: lines.filter((each) => each.includes('address')),
    events: happenings.map(({ type, reason, note }) => `${type} ${reason}: ${note}`),
  };
}

const HEALTHY = { ready: true, reason: 'Connected', message: 'connected' };
const DOWN = { ready: false, reason: 'ConnectionRefused', message: 'connect ECONNREFUSED' };
const HELD = { ready: true, reason: 'VantageSuspect', message: 'not drained: …' };
const PANIC = { ready: true, reason: 'PanicMode', message: 'only 0% are healthy' };

describe('of an address is told', () => {
  it('that it goes, and why, and that it comes back', () => {
    const { lines, events } = toldOf(HEALTHY, HEALTHY, DOWN, DOWN, HEALTHY);
    expect(lines).toEqual([
      'warn ConnectionRefused: address is not ready: connect ECONNREFUSED',
      'info Connected: address is ready',
    ]);
    expect(events).toEqual([
      'Warning ConnectionRefused: 10.0.0.1 (address) is not ready: connect ECONNREFUSED',
      'Normal Connected: 10.0.0.1 (address) is ready: connected',
    ]);
  });

  it.each([
    ['VantageSuspect', HELD],
    ['PanicMode', PANIC],
  ])('that it stays ready against its verdict, once (%s), and how that ends', (reason, overruled) => {
    const { lines, events } = toldOf(HEALTHY, overruled, overruled, DOWN);
    expect(lines).toEqual([
      `warn ${reason}: address stays ready: ${overruled.message}`,
      'warn ConnectionRefused: address is not ready: connect ECONNREFUSED',
    ]);
    expect(events[0]).toBe(`Warning ${reason}: 10.0.0.1 (address) stays ready: ${overruled.message}`);
    expect(toldOf(overruled, HEALTHY).lines).toEqual([
      `warn ${reason}: address stays ready: ${overruled.message}`,
      'info Connected: address is ready',
    ]);
  });

  it('nothing at first, when there is nothing the matter', () => {
    expect(toldOf(HEALTHY).lines).toEqual([]);
  });
});
