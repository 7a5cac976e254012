import { describe, expect, it } from 'vitest';
import { checksOf, portRulesOf } from '../../../src/health/check.ts';
import { settingsKeyOf } from '../../../src/health/check-id.ts';
import type { HealthCheckSettings, Protocol, Target, TargetPort } from '../../../src/model/target.ts';
import { ip } from '../../support/addresses.ts';
import { checkAt, SETTINGS } from '../../support/checks.ts';

function port(name: string, number: number, protocol: Protocol = 'TCP', targetPort = number): TargetPort {
  return { name, port: number, targetPort, protocol };
}

function target(ports: TargetPort[], healthCheck: Partial<HealthCheckSettings> = {}): Target {
  return {
    namespace: 'shop',
    name: 'db',
    ports,
    endpoints: [],
    dns: {
      servers: [],
      timeoutMs: 1,
      attempts: 1,
      minTtlMs: 1,
      maxTtlMs: 1,
      hosts: false,
      hold: { obsoleteMs: 0, notFoundMs: 0, failureMs: 0 },
    },
    healthCheck: { ...SETTINGS, ...healthCheck },
    publish: {
      resources: ['EndpointSlice'],
      unhealthy: 'notReady',
      panicThresholdPercent: 0,
      lastReady: 'keep',
    },
    service: { create: true, type: 'ClusterIP', labels: {}, annotations: {} },
    adopt: false,
    deletionPolicy: 'Delete',
    declaredAt: { source: 'test', line: 1, column: 1 },
  };
}

const AT = { address: ip('10.0.0.1') };

function rulesOf(...args: Parameters<typeof portRulesOf>): string[] {
  return portRulesOf(...args).map((rule) => {
    if (rule.rule === 'checked') return `${rule.port.name} checked at ${rule.check.port}`;
    if (rule.rule === 'follows') return `${rule.port.name} follows ${rule.checks.length}`;
    return `${rule.port.name} unchecked`;
  });
}

describe('portRulesOf', () => {
  const ports = [
    port('sql', 5432, 'TCP', 6432),
    port('web', 80),
    port('dns', 53, 'UDP'),
    port('s', 7, 'SCTP'),
  ];

  it('checks every TCP port, and lets UDP and SCTP ports follow', () => {
    expect(rulesOf(target(ports), AT)).toEqual([
      'sql checked at 6432',
      'web checked at 80',
      'dns follows 2',
      's follows 2',
    ]);
  });

  it('checks only the ports in `healthCheck.ports`, and lets the others follow', () => {
    expect(rulesOf(target(ports, { ports: [6432] }), AT)).toEqual([
      'sql checked at 6432',
      'web follows 1',
      'dns follows 1',
      's follows 1',
    ]);
  });

  it('checks the port of the SRV record', () => {
    expect(rulesOf(target([port('sql', 5432)]), { ...AT, port: 15432 })).toEqual(['sql checked at 15432']);
  });

  it('checks nothing without a TCP port, or with type none', () => {
    expect(rulesOf(target([port('dns', 53, 'UDP')]), AT)).toEqual(['dns unchecked']);
    expect(rulesOf(target(ports, { kind: { type: 'none' } }), AT)).toEqual([
      'sql unchecked',
      'web unchecked',
      'dns unchecked',
      's unchecked',
    ]);
  });
});

describe('checksOf', () => {
  it('lists each check once, in the order of addresses and ports', () => {
    const two = target([port('a', 80, 'TCP', 8080), port('b', 81, 'TCP', 8080), port('c', 82)]);
    const addresses = [AT, { address: ip('2001:db8::1') }, AT];
    expect(checksOf(two, addresses).map(({ address, port }) => `${address} ${port}`)).toEqual([
      '10.0.0.1 8080',
      '10.0.0.1 82',
      '2001:db8::1 8080',
      '2001:db8::1 82',
    ]);
  });
});

describe('the id of a check', () => {
  const bytes = (text: string) => Buffer.from(text);
  const tls = { verify: true, minValidityMs: 0 };
  const http = { method: 'GET', path: '/', expectedStatuses: [{ from: 200, to: 299 }] };
  const different: HealthCheckSettings[] = [
    SETTINGS,
    { ...SETTINGS, intervalMs: 1 },
    { ...SETTINGS, fastIntervalMs: 1 },
    { ...SETTINGS, timeoutMs: 1 },
    { ...SETTINGS, healthyThreshold: 1 },
    { ...SETTINGS, unhealthyThreshold: 1 },
    { ...SETTINGS, kind: { type: 'tcp', exchange: { send: bytes('a') } } },
    { ...SETTINGS, kind: { type: 'tcp', exchange: { expect: { kind: 'bytes', bytes: bytes('a') } } } },
    { ...SETTINGS, kind: { type: 'tcp', exchange: { expect: { kind: 'pattern', source: '61' } } } },
    { ...SETTINGS, kind: { type: 'tls', tls } },
    { ...SETTINGS, kind: { type: 'tls', tls: { ...tls, verify: false } } },
    { ...SETTINGS, kind: { type: 'tls', tls: { ...tls, minValidityMs: 1 } } },
    { ...SETTINGS, kind: { type: 'tls', tls: { ...tls, caFile: 'x' } } },
    { ...SETTINGS, kind: { type: 'tls', tls: { ...tls, serverName: 'x' } } },
    { ...SETTINGS, kind: { type: 'http', http } },
    { ...SETTINGS, kind: { type: 'http', http, tls } },
    { ...SETTINGS, kind: { type: 'http', http: { ...http, method: 'HEAD' } } },
    { ...SETTINGS, kind: { type: 'http', http: { ...http, path: '/x' } } },
    { ...SETTINGS, kind: { type: 'http', http: { ...http, host: 'x' } } },
    { ...SETTINGS, kind: { type: 'http', http: { ...http, expectedStatuses: [] } } },
    { ...SETTINGS, kind: { type: 'http', http: { ...http, body: { kind: 'pattern', source: 'x' } } } },
  ];

  it('differs with every setting that a check has', () => {
    expect(new Set(different.map(settingsKeyOf)).size).toBe(different.length);
  });

  it('does not depend on the other checked ports of the target', () => {
    expect(settingsKeyOf({ ...SETTINGS, ports: [80] })).toBe(settingsKeyOf(SETTINGS));
  });

  it('depends on the host only if the host is sent to the backend', () => {
    expect(checkAt('10.0.0.1:80', {}, 'a.example').id).toBe(checkAt('10.0.0.1:80').id);
    const overTls = { kind: { type: 'tls', tls } } as const;
    expect(checkAt('10.0.0.1:80', overTls, 'a.example').id).not.toBe(checkAt('10.0.0.1:80', overTls).id);
  });

  it('does not show the bytes that are sent to the backend', () => {
    const exchange = {
      send: bytes('AUTH hunter2\r\n'),
      expect: { kind: 'pattern', source: 'hunter2' },
    } as const;
    const secretive = { ...http, path: '/?token=hunter2', host: 'hunter2', body: exchange.expect };
    const kinds: HealthCheckSettings['kind'][] = [
      { type: 'tcp', exchange },
      { type: 'http', http: secretive },
    ];
    for (const kind of kinds) {
      const { id } = checkAt('10.0.0.1:80', { kind });
      expect(id).toMatch(/^10\.0\.0\.1:80 (tcp|http):[\w-]{22} 10000\/1000\/2000 2\/3$/);
      expect(checkAt('10.0.0.1:80', { kind: structuredClone(kind) }).id).toBe(id);
    }
  });

  it('starts with the socket address', () => {
    expect(checkAt('10.0.0.1:80').id).toBe('10.0.0.1:80 tcp 10000/1000/2000 2/3');
    expect(checkAt('[2001:db8::1]:80').id).toBe('[2001:db8::1]:80 tcp 10000/1000/2000 2/3');
  });
});
