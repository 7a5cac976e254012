import fc from 'fast-check';
import { parseTargetList, type TargetList } from '../../src/config/target-list.ts';
import type { ScriptedWorld } from './one-pass.ts';

/** Mostly what any API server takes, now and then what some rule is about. */
function mostly<T>(good: readonly T[], nasty: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...good) },
    { weight: 1, arbitrary: fc.constantFrom(...nasty) },
  );
}

const NAME = mostly(['db', 'a', 'x'.repeat(63)], ['9db', 'Db', 'db-', 'd_b', 'x'.repeat(64), 'db.x']);
const PORT_NAME = mostly(
  ['pg', 'p', '1', 'p'.repeat(15), 'p'.repeat(63)],
  ['PG', '-p', 'a.b', 'p'.repeat(64)],
);
const NUMBER = mostly([1, 80, 443, 5432, 65_535], [0, 65_536, -1]);
const LABEL_KEY = mostly(
  ['team', 'example.com/team', 'k'.repeat(63), `${'p'.repeat(63)}.${'q'.repeat(63)}/n`],
  [
    'Example.com/team',
    'a/b/c',
    '',
    'k'.repeat(64),
    'app.kubernetes.io/managed-by',
    'service.kubernetes.io/headless',
  ],
);
const LABEL_VALUE = mostly(['', 'a', 'A.b_c-d', 'v'.repeat(63)], ['-a', 'a b', 'v'.repeat(64), 'ü']);
const ADDRESS = mostly(
  [
    '10.0.0.1',
    '10.0.0.2',
    '192.0.2.255',
    '255.255.255.255',
    '2001:db8::1',
    '2001:DB8::0001',
    '::ffff:10.0.0.9',
  ],
  [
    '127.0.0.1',
    '::1',
    '0.0.0.0',
    '::',
    '169.254.1.1',
    'fe80::1',
    '224.0.0.5',
    'ff02::1',
    '239.1.1.1',
    'ff05::1',
    '10.96.0.7',
    '010.0.0.1',
    '10.0.0',
    'fe80::1%eth0',
  ],
);
const ZONE = mostly(['eu-west-1a', 'Z', 'z'.repeat(63)], ['-z', 'a b', 'z'.repeat(64), '']);

const port = fc.record(
  {
    name: PORT_NAME,
    port: NUMBER,
    targetPort: NUMBER,
    protocol: mostly(['TCP', 'UDP', 'SCTP'], ['tcp']),
    appProtocol: mostly(['postgresql', 'kubernetes.io/h2c'], ['a/b/c', '-x', 'x'.repeat(64)]),
  },
  { requiredKeys: ['name', 'port'] },
);

const endpoint = fc.oneof(
  { weight: 4, arbitrary: fc.record({ address: ADDRESS, zone: ZONE }, { requiredKeys: ['address'] }) },
  { weight: 1, arbitrary: fc.constant({ host: 'nasty.example.test' }) },
);

const service = fc.record(
  {
    type: mostly(['ClusterIP', 'Headless', 'NodePort', 'LoadBalancer'], ['ExternalName']),
    labels: fc.dictionary(LABEL_KEY, LABEL_VALUE, { maxKeys: 2 }),
    annotations: fc.dictionary(LABEL_KEY, fc.constantFrom('', 'ü', 'a b', 'x'.repeat(1_000)), { maxKeys: 2 }),
    sessionAffinity: mostly(['None', 'ClientIP'], ['clientip']),
    internalTrafficPolicy: mostly(['Cluster'], ['Local']),
    trafficDistribution: mostly(['PreferSameZone', 'PreferSameNode'], ['Near']),
    ipFamilies: mostly([['IPv4'], ['IPv6'], ['IPv4', 'IPv6'], ['IPv6', 'IPv4']], [['IPv4', 'IPv4'], []]),
    ipFamilyPolicy: mostly(['SingleStack', 'PreferDualStack', 'RequireDualStack'], ['Both']),
  },
  { requiredKeys: [] },
);

const target = fc.record(
  {
    name: NAME,
    ports: fc.array(port, { minLength: 1, maxLength: 3 }),
    endpoints: fc.array(endpoint, { minLength: 1, maxLength: 3 }),
    service,
    publish: fc.record({
      resources: fc.constantFrom(['EndpointSlice', 'Endpoints'], ['EndpointSlice'], ['Endpoints']),
    }),
  },
  { requiredKeys: ['name', 'ports', 'endpoints'] },
);

/** A list of one target as people write it; many are refused for something. */
export const nastyList = target.map((fields) => {
  const list = {
    apiVersion: 'external-endpoints/v1',
    kind: 'TargetList',
    defaults: { namespace: 'NAMESPACE', healthCheck: { type: 'none' } },
    targets: [fields],
  };
  return JSON.stringify(list);
});

/** Only lists that are in order. */
export function acceptedList(text: string, namespace: string): TargetList | undefined {
  const parsed = parseTargetList(text.replace('NAMESPACE', namespace), 'list.json');
  return parsed.ok ? parsed.list : undefined;
}

/** A name that is answered with what must not be published, and with one good address of each family. */
export const NASTY_WORLD: ScriptedWorld = {
  names: {
    'host nasty.example.test': [
      '127.0.0.53',
      '0.0.0.0',
      '169.254.169.254',
      '224.0.0.1',
      '239.0.0.1',
      '10.96.0.1',
      '10.7.7.7',
      '2001:db8:7::7',
    ],
  },
};
