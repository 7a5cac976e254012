import fc from 'fast-check';
import { formatDuration } from '../../src/config/quantities.ts';

/** The text of a valid target list, generated. */
export interface WrittenList {
  readonly apiVersion: string;
  readonly kind: string;
  readonly targets: readonly WrittenTarget[];
}

interface WrittenTarget {
  readonly name: string;
  readonly ports: readonly object[];
  readonly endpoints: readonly object[];
  readonly [field: string]: unknown;
}

const label = fc.stringMatching(/^[a-z]([-a-z0-9]{0,10}[a-z0-9])?$/);
const port = fc.integer({ min: 1, max: 65_535 });

function duration(minMs: number, maxMs: number) {
  return fc.integer({ min: minMs, max: maxMs }).map(formatDuration);
}

function some<T extends Record<string, fc.Arbitrary<unknown>>>(fields: T) {
  return fc.record(fields, { requiredKeys: [] });
}

const ports = fc
  .uniqueArray(
    fc.record({ name: label, port, targetPort: port, protocol: fc.constantFrom('TCP', 'UDP', 'SCTP') }),
    {
      minLength: 1,
      maxLength: 4,
      selector: ({ name }) => name,
    },
  )
  .map((each) => [...new Map(each.map((one) => [one.port, one])).values()]);

const address = fc
  .oneof(
    fc
      .tuple(fc.integer({ min: 1, max: 126 }), fc.nat(255), fc.nat(255), fc.nat(255))
      .map((octets) => octets.join('.')),
    fc.tuple(fc.nat(0xffff), fc.nat(0xffff)).map(([a, b]) => `2001:db8::${a.toString(16)}:${b.toString(16)}`),
  )
  .map((text) => ({ address: text }));

const host = fc.tuple(label, label).map((labels) => ({ host: `${labels.join('.')}.example` }));

const endpoints = fc
  .uniqueArray(fc.oneof(address, host), {
    minLength: 1,
    maxLength: 6,
    selector: (each) => JSON.stringify(each),
  })
  .chain((each) =>
    fc.tuple(
      ...each.map((one) =>
        some({ zone: label, priority: fc.nat(65_535) }).map((traits) => ({ ...one, ...traits })),
      ),
    ),
  );

const dns = some({
  servers: fc.uniqueArray(fc.ipV4(), { maxLength: 3 }),
  timeout: duration(10, 60_000),
  attempts: fc.integer({ min: 1, max: 10 }),
  minTTL: duration(100, 60_000),
  maxTTL: duration(60_000, 600_000),
  hosts: fc.boolean(),
  hold: some({
    obsolete: duration(0, 600_000),
    notFound: fc.oneof(duration(0, 600_000), fc.constant('forever')),
    failure: fc.oneof(duration(0, 600_000), fc.constant('forever')),
  }),
});

const healthCheck = some({
  interval: duration(5_000, 60_000),
  fastInterval: duration(10, 5_000),
  timeout: duration(10, 5_000),
  healthyThreshold: fc.integer({ min: 1, max: 100 }),
  unhealthyThreshold: fc.integer({ min: 1, max: 100 }),
});

const publish = some({
  resources: fc.constantFrom(['EndpointSlice'], ['Endpoints'], ['EndpointSlice', 'Endpoints']),
  unhealthy: fc.constantFrom('notReady', 'remove'),
  panicThreshold: fc.oneof(
    fc.nat(100),
    fc.nat(100).map((percent) => `${percent}%`),
  ),
});

const service = some({
  type: fc.constantFrom('ClusterIP', 'Headless', 'NodePort', 'LoadBalancer'),
  labels: fc.dictionary(label, label, { maxKeys: 3 }),
  annotations: fc.dictionary(label, fc.string({ maxLength: 20 }), { maxKeys: 3 }),
  sessionAffinity: fc.constantFrom('None', 'ClientIP'),
  ipFamilies: fc.constantFrom(['IPv4'], ['IPv6']),
  ipFamilyPolicy: fc.constantFrom('SingleStack', 'PreferDualStack', 'RequireDualStack'),
})
  // Affinity has no effect on a headless Service, and is an error there.
  .map((fields) => (fields.type === 'Headless' ? { ...fields, sessionAffinity: 'None' } : fields));

const target: fc.Arbitrary<WrittenTarget> = fc
  .tuple(
    fc.record({ ports, endpoints }),
    some({
      namespace: label,
      dns,
      healthCheck,
      publish,
      service,
      adopt: fc.boolean(),
      deletionPolicy: fc.constantFrom('Delete', 'Orphan'),
    }),
  )
  .map(([needed, optional]) => ({ name: 'x', ...needed, ...optional }));

/** Lists of two to four targets. */
export function writtenLists(): fc.Arbitrary<WrittenList> {
  return fc.array(target, { minLength: 2, maxLength: 4 }).map((targets) => ({
    apiVersion: 'external-endpoints/v1',
    kind: 'TargetList',
    targets: targets.map((each, at) => ({ ...each, name: `t${at}` })),
  }));
}
