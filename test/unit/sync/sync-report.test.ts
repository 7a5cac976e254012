import { describe, expect, it } from 'vitest';
import type { PlanPhase } from '../../../src/plan/object-plan.ts';
import {
  endpointReports,
  isTrouble,
  summarize,
  type TargetPhase,
  type TargetReport,
} from '../../../src/sync/sync-report.ts';
import { assessed, healthOf } from '../../support/assessments.ts';

const NOW = { wallMs: Date.UTC(2026, 0, 1, 12), monotonicMs: 1_000 };

function target(phase: TargetPhase, verbs: readonly ('create' | 'update' | 'delete')[] = []): TargetReport {
  const actions = verbs.map((verb) => ({ verb, kind: 'Service', name: 'db', reason: 'X' }));
  return { namespace: 'shop', name: 'db', phase, reason: '', message: '', endpoints: [], actions };
}

describe('the summary', () => {
  it('counts objects by verb and targets by what became of them', () => {
    const targets = [
      target('Published', ['create', 'create', 'update']),
      target('Published'),
      target('NotReady', ['update']),
      target('Refused'),
      target('Failed', ['create']),
      target('Pending'),
      target('Deleted', ['delete']),
      target('Orphaned'),
    ];
    expect(summarize(targets, { requests: 7, durationMs: 5 })).toEqual({
      targets: 8,
      created: 3,
      updated: 2,
      deleted: 1,
      unchanged: 2,
      refused: 1,
      failed: 3,
      requests: 7,
      durationMs: 5,
    });
  });

  it('calls trouble what somebody should look at', () => {
    const phases: (PlanPhase | 'Failed')[] = [
      'Published',
      'NotReady',
      'Refused',
      'Pending',
      'Deleted',
      'Orphaned',
      'Failed',
    ];
    expect(phases.filter((phase) => isTrouble({ phase, reason: 'AllReady' }))).toEqual([
      'NotReady',
      'Refused',
      'Pending',
      'Failed',
    ]);
    for (const reason of ['DrainSuspended', 'LastReadySilent'])
      expect(isTrouble({ phase: 'Published', reason })).toBe(true);
  });
});

describe('an address', () => {
  it('is ready when all its ports are, and speaks for the one that is not', () => {
    const good = assessed('10.0.0.1', 'healthy', { source: 'host db.example' });
    const [bad] = assessed('10.0.0.1', 'unhealthy', { port: { name: 'q', port: 2, message: 'no' } }).ports;
    if (bad === undefined) throw new Error('it has a port');
    expect(endpointReports([good], NOW)).toEqual([
      { address: '10.0.0.1', ready: true, reason: 'Connected', message: '', source: 'host db.example' },
    ]);
    expect(endpointReports([{ ...good, ports: [...good.ports, bad] }], NOW)).toMatchObject([
      {
        ready: false,
        reason: 'ConnectionRefused',
        message: 'no',
        ports: [
          { name: 'p', port: 5432, ready: true, reason: 'Connected' },
          { name: 'q', port: 2, ready: false, reason: 'ConnectionRefused' },
        ],
      },
    ]);
  });

  it('has its latency in tenths of a millisecond, and until when its certificate is valid', () => {
    const health = healthOf('healthy', { latencyMs: 1.2345 });
    const report = endpointReports([assessed('10.0.0.1', 'healthy', { port: { health } })], NOW);
    expect(report[0]?.latencyMs).toBe(1.2);
    expect(report[0]).not.toHaveProperty('certificateValidUntil');
    const certified = healthOf('healthy', { certificateValidUntilWallMs: Date.UTC(2027, 0, 2) });
    const [tls] = endpointReports([assessed('10.0.0.1', 'healthy', { port: { health: certified } })], NOW);
    expect(tls?.certificateValidUntil).toBe('2027-01-02T00:00:00.000Z');
  });

  it('with several ports says which of them is held against its verdict', () => {
    const held = { name: 'b', reason: 'VantageSuspect', ready: true, health: healthOf('unhealthy') };
    const [good] = [assessed('10.0.0.1', 'healthy')];
    const both = {
      ...good,
      ports: [...good.ports, ...assessed('10.0.0.1', 'healthy', { port: held }).ports],
    };
    expect(endpointReports([both], NOW)).toMatchObject([{ ready: true, reason: 'VantageSuspect' }]);
  });

  it.each([
    [31_000, '2026-01-01T12:00:30.000Z'],
    [Number.POSITIVE_INFINITY, null],
    [1e300, null],
  ])('held until %d on the monotonic clock is held until %s', (untilMs, until) => {
    const held = { reason: 'NameNotFound', message: 'gone', untilMs };
    expect(endpointReports([assessed('10.0.0.1', 'healthy', { held })], NOW)[0]?.held).toEqual({
      reason: 'NameNotFound',
      message: 'gone',
      until,
    });
  });
});
