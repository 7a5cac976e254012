import { describe, expect, it } from 'vitest';
import { assess } from '../../../src/endpoint/assess.ts';
import { publishedKey } from '../../../src/endpoint/assessment.ts';
import { candidatesOf } from '../../../src/endpoint/candidate.ts';
import { checksOf } from '../../../src/health/check.ts';
import type { Health } from '../../../src/health/health.ts';
import { DEFAULT_GUARDS } from '../../../src/model/guards.ts';
import type { Target } from '../../../src/model/target.ts';
import { ip } from '../../support/addresses.ts';
import { healthOf, readinessOf } from '../../support/assessments.ts';
import { targetOf } from '../../support/targets.ts';

interface World {
  /** By port number. */
  readonly health?: Readonly<Record<number, Health>>;
  /** By port number: what the Service serves now. */
  readonly published?: Readonly<Record<number, boolean>>;
}

/** Assesses a target whose only address is 10.0.0.1; its ports are `a` (1) and `b` (2) unless given. */
function assessments(target: Target, { health = {}, published = {} }: World = {}) {
  const candidates = candidatesOf(target, new Map(), DEFAULT_GUARDS);
  const byId = new Map(
    checksOf(target, candidates).flatMap((check) => {
      const known = health[check.port];
      return known === undefined ? [] : [[check.id, known] as const];
    }),
  );
  const readiness = new Map(
    target.ports.flatMap((port) => {
      const ready = published[port.targetPort];
      const key = publishedKey('10.0.0.1', { ...port, port: port.targetPort });
      return ready === undefined ? [] : [[key, ready] as const];
    }),
  );
  return assess({ target, candidates, healthOf: (id) => byId.get(id), published: readiness });
}

const ADDRESS = 'endpoints: [{ address: 10.0.0.1 }]';
const ONE_PORT = targetOf(`ports: [{ port: 1 }], ${ADDRESS}`);
const TWO_PORTS = targetOf(`ports: [{ name: a, port: 1 }, { name: b, port: 2 }], ${ADDRESS}`);

describe('assess, one address', () => {
  it('is ready when healthy and not ready when unhealthy, with the reason of the check', () => {
    expect(readinessOf(assessments(ONE_PORT, { health: { 1: healthOf('healthy') } }))).toEqual([
      '10.0.0.1 ready Connected',
    ]);
    const down = healthOf('unhealthy', { reason: 'ConnectTimeout', message: 'too late' });
    const [found] = assessments(ONE_PORT, { health: { 1: down }, published: { 1: true } });
    expect(found?.ports[0]).toMatchObject({ ready: false, reason: 'ConnectTimeout', message: 'too late' });
  });

  it.each([
    [true, '10.0.0.1 ready NotCheckedYet'],
    [false, '10.0.0.1 not ready NotCheckedYet'],
    [undefined, '10.0.0.1 not ready NotCheckedYet'],
  ])('without a verdict stays as it is published: %s', (served, expected) => {
    const published: Record<number, boolean> = served === undefined ? {} : { 1: served };
    for (const health of [{}, { 1: healthOf('unknown') }]) {
      const found = assessments(ONE_PORT, { health, published });
      expect(readinessOf(found)).toEqual([expected]);
      expect(found[0]?.ports[0]?.withheld ?? false).toBe(served === undefined);
    }
  });

  it('without a verdict has the result of the newest check, or why this worker cannot check it', () => {
    const reported = (speaksOf: 'backend' | 'worker', reason: 'ConnectionRefused' | 'CAFileUnreadable') => {
      const lastFailure = { healthy: false, reason, message: 'so it was', latencyMs: 1, speaksOf } as const;
      const [found] = assessments(ONE_PORT, { health: { 1: healthOf('unknown', { lastFailure }) } });
      return `${found?.ports[0]?.reason}: ${found?.ports[0]?.message}`;
    };
    expect(reported('backend', 'ConnectionRefused')).toBe(
      'NotCheckedYet: no verdict yet; found: ConnectionRefused: so it was',
    );
    expect(reported('worker', 'CAFileUnreadable')).toBe('CAFileUnreadable: so it was; no verdict yet');
  });

  it('is ready without a check, with the reason why there is none', () => {
    const messageOf = (fields: string) => assessments(targetOf(`${fields}, ${ADDRESS}`))[0]?.ports[0];
    expect(messageOf('ports: [{ port: 1 }], healthCheck: { type: none }')).toMatchObject({
      ready: true,
      reason: 'NotChecked',
      message: 'healthCheck.type is none',
    });
    expect(messageOf('ports: [{ port: 1, protocol: UDP }]')).toMatchObject({
      ready: true,
      reason: 'NotChecked',
      message: 'the target has no TCP port to check',
    });
  });

  it('is not ready when refused, even if healthy', () => {
    const target = targetOf('ports: [{ port: 1 }], endpoints: [{ host: db.example }]');
    const names = new Map([['host db.example', [{ address: ip('169.254.1.1') }]]]);
    const candidates = candidatesOf(target, names, DEFAULT_GUARDS);
    const found = assess({ target, candidates, healthOf: () => healthOf('healthy'), published: new Map() });
    expect(found).toMatchObject([{ refused: true, ports: [{ ready: false, reason: 'LinkLocalAddress' }] }]);
  });

  it('is not ready with SRV weight 0, and keeps the hold and the zone of its candidate', () => {
    const target = targetOf(
      'ports: [{ port: 1 }], endpoints: [{ srv: _a._tcp.b.example, zone: z, priority: 2 }]',
    );
    const held = { reason: 'NameNotFound', message: 'gone', untilMs: 5 };
    const answer = { address: ip('10.0.0.1'), port: 7, drained: true, held };
    const names = new Map([['srv _a._tcp.b.example', [answer]]]);
    const candidates = candidatesOf(target, names, DEFAULT_GUARDS);
    const found = assess({ target, candidates, healthOf: () => undefined, published: new Map() });
    expect(found).toMatchObject([
      { drained: true, zone: 'z', priority: 2, held, ports: [{ port: 7, ready: false, reason: 'Drained' }] },
    ]);
  });
});

describe('assess, several ports', () => {
  it('assesses each port separately, in the order of the target', () => {
    const health = { 1: healthOf('healthy'), 2: healthOf('unhealthy') };
    const [found] = assessments(TWO_PORTS, { health });
    expect(found?.ports.map(({ name, ready }) => [name, ready])).toEqual([
      ['a', true],
      ['b', false],
    ]);
  });

  it('makes a port without a check ready only if all checked ports are', () => {
    const target = targetOf(
      `ports: [{ name: u, port: 3, protocol: UDP }, { name: a, port: 1 }, { name: b, port: 2 }], ${ADDRESS}`,
    );
    const ready = (one: Health, two: Health) =>
      assessments(target, { health: { 1: one, 2: two } })[0]?.ports.map((port) => port.ready);
    expect(ready(healthOf('healthy'), healthOf('healthy'))).toEqual([true, true, true]);
    expect(ready(healthOf('healthy'), healthOf('unhealthy'))).toEqual([false, true, false]);
    expect(ready(healthOf('unknown'), healthOf('healthy'))).toEqual([false, false, true]);
    const down = healthOf('unhealthy', { message: 'refused' });
    const [found] = assessments(target, { health: { 1: healthOf('healthy'), 2: down } });
    expect(found?.ports[0]).toMatchObject({
      reason: 'ConnectionRefused',
      message: 'this port has no check and follows the checked ports: refused',
    });
  });

  it('keeps the name and appProtocol of each port', () => {
    const target = targetOf(
      `ports: [{ name: w, port: 80, targetPort: 8080, appProtocol: http }], ${ADDRESS}`,
    );
    expect(assessments(target)[0]?.ports[0]).toMatchObject({
      name: 'w',
      port: 8080,
      protocol: 'TCP',
      appProtocol: 'http',
    });
  });
});
