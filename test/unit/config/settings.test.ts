import { expect, test } from 'vitest';
import { parseTargetList } from '../../../src/config/target-list.ts';
import type { Target } from '../../../src/model/target.ts';
import { targetWith } from '../../support/marked-list.ts';

/** The first target of a valid list. */
function first(text: string): Target {
  const result = parseTargetList(text, 'x');
  const [target] = result.ok ? result.list.targets : [];
  if (target === undefined) throw new Error(JSON.stringify(result));
  return target;
}

function withDefaults(defaults: string, fields = ''): Target {
  return first(`${targetWith(fields)}defaults:\n  ${defaults}\n`);
}

test('A default never contradicts a written value', () => {
  const times = ({ healthCheck: { intervalMs, fastIntervalMs, timeoutMs } }: Target) => [
    intervalMs,
    fastIntervalMs,
    timeoutMs,
  ];
  expect(times(first(targetWith('healthCheck: { interval: 500ms }')))).toEqual([500, 500, 500]);
  expect(times(first(targetWith('healthCheck: { interval: 1500ms }')))).toEqual([1_500, 1_000, 1_500]);
  expect(times(first(targetWith('healthCheck: { interval: 5s, timeout: 5s, fastInterval: 5s }')))).toEqual([
    5_000, 5_000, 5_000,
  ]);
  const ttls = ({ dns: { minTtlMs, maxTtlMs } }: Target) => [minTtlMs, maxTtlMs];
  expect(ttls(first(targetWith('dns: { maxTTL: 2s }')))).toEqual([2_000, 2_000]);
  expect(ttls(first(targetWith('dns: { minTTL: 10m }')))).toEqual([600_000, 600_000]);
  expect(ttls(first(targetWith('dns: { minTTL: 5m, maxTTL: 5m }')))).toEqual([300_000, 300_000]);
});

test('Defaults are merged into a target field by field, lists as a whole', () => {
  const target = withDefaults(
    'dns: { servers: [10.0.0.53, 10.0.0.54], timeout: 1s, hold: { obsolete: 1m, failure: 1h } }\n  service: { labels: { a: x, b: x } }\n  adopt: true',
    'dns: { servers: [10.0.0.1], hold: { obsolete: 2m, notFound: forever } }\nservice: { labels: { b: y } }\nadopt: false',
  );
  expect(target.dns).toMatchObject({
    servers: [{ address: '10.0.0.1', port: 53 }],
    timeoutMs: 1_000,
    hold: { obsoleteMs: 120_000, notFoundMs: Number.POSITIVE_INFINITY, failureMs: 3_600_000 },
  });
  expect(target.service.labels).toEqual({ a: 'x', b: 'y' });
  expect(target.adopt).toBe(false);
});

test('An invalid value of defaults is reported at defaults, with the name of the target', () => {
  const result = parseTargetList(`${targetWith('')}defaults:\n  healthCheck: { port: 5432 }\n`, 'x');
  expect(result).toMatchObject({
    problems: [
      {
        path: 'defaults.healthCheck.port',
        location: { line: 9, column: 24 },
        message: '5432 is not a TCP port of this target (for targets[0], web)',
      },
    ],
  });
});

test('Defaults without an effect on a target are allowed', () => {
  expect(withDefaults('service: { labels: { a: x } }', 'service: { create: false }').service.create).toBe(
    false,
  );
  expect(
    withDefaults('healthCheck: { interval: 5s }', 'healthCheck: { type: none }').healthCheck.kind,
  ).toEqual({ type: 'none' });
});

test('Addresses and names are converted to their canonical form', () => {
  const { endpoints } = first(
    targetWith('', {
      endpoints:
        '[{ address: "2001:DB8:0:0::5" }, { address: "::ffff:10.0.0.9" }, { host: DB.Corp.Example. }, { host: bücher.example }, { srv: _LDAP._tcp.corp.example }]',
    }),
  );
  expect(
    endpoints.map((each) =>
      each.kind === 'address' ? each.address : each.kind === 'host' ? each.host : each.srv,
    ),
  ).toEqual([
    '2001:db8::5',
    '10.0.0.9',
    'db.corp.example.',
    'xn--bcher-kva.example',
    '_ldap._tcp.corp.example',
  ]);
});

test('A DNS server is an address with an optional port', () => {
  const { dns } = first(
    targetWith(
      'dns: { servers: [10.0.0.53, "10.0.0.53:5353", fd00::53, "[fd00::53]", "[fd00::53]:5353"] }'.replace(
        '"[fd00::53]", ',
        '',
      ),
    ),
  );
  expect(dns.servers).toEqual([
    { address: '10.0.0.53', port: 53 },
    { address: '10.0.0.53', port: 5353 },
    { address: 'fd00::53', port: 53 },
    { address: 'fd00::53', port: 5353 },
  ]);
});

test('healthCheck.port is a port name or a targetPort, and becomes the targetPort', () => {
  const ports = '[{ name: pg, port: 5432, targetPort: 6432 }, { name: metrics, port: 9187 }]';
  const checked = (port: string) =>
    first(targetWith(`healthCheck: { port: ${port} }`, { ports })).healthCheck.ports;
  expect(checked('pg')).toEqual([6432]);
  expect(checked('6432')).toEqual([6432]);
  expect(checked('metrics')).toEqual([9187]);
  expect(first(targetWith('', { ports })).healthCheck.ports).toEqual([]);
});

test('Percentages may be written as a number or with a percent sign', () => {
  for (const text of ['50', '50%', '"50%"']) {
    expect(first(targetWith(`publish: { panicThreshold: ${text} }`)).publish.panicThresholdPercent).toBe(50);
  }
});

test('Fields of service are kept, and missing ones stay undefined', () => {
  const service = first(
    targetWith(
      'service: { type: LoadBalancer, sessionAffinity: ClientIP, internalTrafficPolicy: Cluster, trafficDistribution: PreferSameZone, ipFamilies: [IPv6, IPv4], ipFamilyPolicy: PreferDualStack, labels: { team: a }, annotations: { example.com/Note: "x y" } }',
    ),
  ).service;
  expect(service).toEqual({
    create: true,
    type: 'LoadBalancer',
    sessionAffinity: 'ClientIP',
    internalTrafficPolicy: 'Cluster',
    trafficDistribution: 'PreferSameZone',
    ipFamilies: ['IPv6', 'IPv4'],
    ipFamilyPolicy: 'PreferDualStack',
    labels: { team: 'a' },
    annotations: { 'example.com/Note': 'x y' },
  });
  expect(Object.keys(first(targetWith('')).service)).toEqual(['create', 'type', 'labels', 'annotations']);
});

test('Only headless Services may have two families without an ipFamilyPolicy', () => {
  expect(
    first(targetWith('service: { type: Headless, ipFamilies: [IPv4, IPv6] }')).service.ipFamilies,
  ).toEqual(['IPv4', 'IPv6']);
  expect(parseTargetList(targetWith('service: { ipFamilies: [IPv4, IPv6] }'), 'x').ok).toBe(false);
});

test('Annotations may have 256 KiB in total', () => {
  const ofSize = (bytes: number) => targetWith(`service: { annotations: { a: ${'x'.repeat(bytes - 1)} } }`);
  expect(parseTargetList(ofSize(262_144), 'x').ok).toBe(true);
  expect(parseTargetList(ofSize(262_145), 'x')).toMatchObject({
    problems: [
      {
        path: 'targets[0].service.annotations',
        message: 'the annotations have 262145 bytes; the limit is 262144',
      },
    ],
  });
});
