import { describe, expect, test } from 'vitest';
import {
  endpoints,
  type ListCase,
  list,
  placeOf,
  ports,
  problemsIn,
  target,
  targetWith,
  whole,
} from '../../support/marked-list.ts';

function checkCase({ marked, path, message, hint }: ListCase) {
  const { problems, places } = problemsIn(marked);
  expect(problems).toHaveLength(1);
  const [problem] = problems;
  expect(problem?.path).toBe(path);
  if (typeof message === 'string') expect(problem?.message).toBe(message);
  else expect(problem?.message).toMatch(message);
  expect(problem?.hint).toBe(hint);
  expect(problem?.expected).not.toBe('');
  expect(problems.map(placeOf)).toEqual(places);
}

const HEAD = 'apiVersion: external-endpoints/v1\nkind: TargetList\n';
const REST = '\n  ports: [{ port: 80 }]\n  endpoints: [{ address: 10.0.0.1 }]\n';

describe('Problems of the list itself', () => {
  test.each<ListCase>([
    whole(
      '¦apiVersion: external-endpoints/v1\nkind: TargetList',
      'targets',
      'targets is missing: expected a list of at most 10000 targets',
    ),
    whole(
      'apiVersion: ¦external-endpoints/v2\nkind: TargetList\ntargets: []',
      'apiVersion',
      'expected external-endpoints/v1, found "external-endpoints/v2"',
      'did you mean external-endpoints/v1?',
    ),
    whole(
      'apiVersion: external-endpoints/v1\nkind: ¦targetlist\ntargets: []',
      'kind',
      'expected TargetList, found "targetlist"',
      'did you mean TargetList?',
    ),
    whole(
      'apiVersion: v1\nkind: ¦ConfigMap\nmetadata: { name: x }\ndata: {}',
      'kind',
      'this is a Kubernetes object of kind ConfigMap, not a target list',
      'pass the list that its data contains',
    ),
    whole(
      `¦- a\n- b`,
      '',
      /^expected a mapping with apiVersion, kind, metadata, defaults, guards or targets, found a list of 2$/,
    ),
    whole(`${HEAD}¦targets:`, 'targets', /found nothing$/, 'give it a value or remove the line'),
    whole(
      `${HEAD}targets: ¦{}`,
      'targets',
      /found an empty mapping$/,
      'write list items after "- " or inside [ ]',
    ),
    whole(`${HEAD}targets: [¦5]`, 'targets[0]', /^expected a mapping with name, .*, found 5$/),
    list('¦target: []', 'target', 'unknown field "target"', 'did you mean targets?'),
    list('¦healthCheck: {}', 'healthCheck', 'unknown field "healthCheck"', 'it is a field of defaults'),
    list(
      '¦foo: 1',
      'foo',
      'unknown field "foo"',
      'known fields: apiVersion, kind, metadata, defaults, guards, targets',
    ),
    list(
      '¦<<: {}',
      '["<<"]',
      'unknown field "<<"',
      'merge keys are not supported: use defaults, or an alias for a whole value',
    ),
  ])('$title', checkCase);
});

describe('Problems of a target', () => {
  test.each<ListCase>([
    whole(
      `${HEAD}targets:\n- ¦ports: [{ port: 80 }]\n  endpoints: [{ address: 10.0.0.1 }]`,
      'targets[0].name',
      /^name is missing: expected a Service's name/,
    ),
    whole(`${HEAD}targets:\n- name: ¦Web${REST}`, 'targets[0].name', '"Web" cannot be the name of a Service'),
    whole(
      `${HEAD}targets:\n- name: ¦1web${REST}`,
      'targets[0].name',
      '"1web" cannot be the name of a Service',
    ),
    whole(
      `${HEAD}targets:\n- name: ¦web.prod${REST}`,
      'targets[0].name',
      '"web.prod" cannot be the name of a Service',
    ),
    whole(
      `${HEAD}targets:\n- name: ¦${'a'.repeat(64)}${REST}`,
      'targets[0].name',
      /^expected a Service's name: .*, found "a{64}"$/,
    ),
    whole(
      `${HEAD}targets:\n- name: ¦""${REST}`,
      'targets[0].name',
      /^expected a Service's name: .*, found ""$/,
    ),
    whole(`${HEAD}targets:\n- name: ¦80${REST}`, 'targets[0].name', /found 80$/, 'put it in quotes: "80"'),
    target('namespace: ¦my_team', '.namespace', '"my_team" cannot be the name of a namespace'),
    target('¦namepsace: shop', '.namepsace', 'unknown field "namepsace"', 'did you mean namespace?'),
    target(
      '¦interval: 5s',
      '.interval',
      'unknown field "interval"',
      'it is a field of targets[0].healthCheck',
    ),
    target('¦notFound: 5s', '.notFound', 'unknown field "notFound"', 'it is a field of targets[0].dns.hold'),
    target('¦guards: {}', '.guards', 'unknown field "guards"', 'it is a field of the list itself'),
    target('adopt: ¦yes', '.adopt', 'expected true or false, found "yes"', 'write true'),
    target('adopt: ¦"false"', '.adopt', 'expected true or false, found "false"', 'write false'),
    target(
      '¦adopt:',
      '.adopt',
      'expected true or false, found nothing',
      'give it a value or remove the line',
    ),
    target(
      'deletionPolicy: ¦orphan',
      '.deletionPolicy',
      'expected Delete or Orphan, found "orphan"',
      'did you mean Orphan?',
    ),
    target('deletionPolicy: ¦Retain', '.deletionPolicy', 'expected Delete or Orphan, found "Retain"'),
  ])('$title', checkCase);
});

describe('Problems of ports', () => {
  test.each<ListCase>([
    ports('¦[]', '', 'expected a list of 1 to 100 ports, found an empty list'),
    ports('[{ port: ¦0 }]', '[0].port', 'expected a whole number from 1 to 65535, found 0'),
    ports('[{ port: ¦65536 }]', '[0].port', 'expected a whole number from 1 to 65535, found 65536'),
    ports('[{ port: ¦80.5 }]', '[0].port', 'expected a whole number from 1 to 65535, found 80.5'),
    ports('[{ port: ¦"80" }]', '[0].port', /found "80"$/, 'write it without quotes: 80'),
    ports('[{ port: ¦http }]', '[0].port', /found "http"$/),
    ports('[{ port: ¦.inf }]', '[0].port', /found Infinity$/),
    ports('[{ port: 80, targetPort: ¦-1 }]', '[0].targetPort', /found -1$/),
    ports('[{ port: 80, protocol: ¦tcp }]', '[0].protocol', /found "tcp"$/, 'did you mean TCP?'),
    ports('[{ port: 80, protocol: ¦ICMP }]', '[0].protocol', 'expected TCP, UDP or SCTP, found "ICMP"'),
    ports(
      '[{ port: 80, name: ¦Web }]',
      '[0].name',
      '"Web" is not a DNS label',
      'lower-case letters, digits and \'-\', such as "https"',
    ),
    ports(
      '[{ port: 80, appProtocol: ¦a/b/c }]',
      '[0].appProtocol',
      '"a/b/c" is not a qualified name (NAME or PREFIX/NAME)',
    ),
    ports(
      '[{ port: 80, appProtocol: ¦UP/x }]',
      '[0].appProtocol',
      '"UP/x" is not a qualified name (NAME or PREFIX/NAME)',
    ),
    ports('[¦{ targetPort: 80 }]', '[0].port', 'port is missing: expected a whole number from 1 to 65535'),
    ports('[{ port: 80, name: a }, ¦{ port: 81 }]', '[1]', 'a port needs a name when there is more than one'),
    ports(
      '[{ port: 53, name: dns }, { port: 53, name: ¦dns, protocol: UDP }]',
      '[1].name',
      'the name "dns" is already used by ports[0]',
      'port names must be unique, even across protocols',
    ),
    ports(
      '[{ port: 80, name: a }, { port: ¦80, name: b, protocol: TCP }]',
      '[1].port',
      'TCP 80 is already used by ports[0]',
    ),
    ports(
      `[${Array.from({ length: 101 }, (_, at) => `{ port: ${at + 1}, name: p${at} }`).join()}]`.replace(
        '[',
        '¦[',
      ),
      '',
      /found a list of 101$/,
    ),
  ])('$title', checkCase);

  test('A TCP port and a UDP port may have the same number', () => {
    const text = targetWith('', {
      ports: '[{ port: 53, name: tcp }, { port: 53, name: udp, protocol: UDP }]',
    });
    expect(problemsIn(text).problems).toEqual([]);
  });
});

describe('Problems of endpoints', () => {
  test.each<ListCase>([
    endpoints('¦[]', '', 'expected a list of 1 to 5000 endpoints, found an empty list'),
    endpoints('[¦{}]', '[0]', 'an endpoint needs one of address, host and srv'),
    endpoints('[¦10.0.0.1]', '[0]', /found "10\.0\.0\.1"$/),
    endpoints(
      '[¦{ address: 10.0.0.1, host: a.b }]',
      '[0]',
      'an endpoint needs exactly one of address, host and srv, not address and host',
      'write a separate endpoint for each',
    ),
    endpoints(
      '[{ ¦ip: 10.0.0.1, address: 10.0.0.2 }]',
      '[0].ip',
      'unknown field "ip"',
      'known fields: address, host, srv, zone, priority',
    ),
    endpoints('[{ address: ¦10.0.0 }]', '[0].address', '"10.0.0" is not an IP address'),
    endpoints('[{ address: ¦10.0.0.256 }]', '[0].address', '"10.0.0.256" is not an IP address'),
    endpoints(
      '[{ address: ¦010.0.0.1 }]',
      '[0].address',
      '"010.0.0.1" is not an IP address',
      'write 10.0.0.1: some programs read a leading zero as octal',
    ),
    endpoints(
      '[{ address: ¦10.0.0.1:80 }]',
      '[0].address',
      '"10.0.0.1:80" is not an IP address',
      "write 10.0.0.1; the port is the target's targetPort",
    ),
    endpoints(
      '[{ address: ¦"[fd00::1]:80" }]',
      '[0].address',
      '"[fd00::1]:80" is not an IP address',
      "write fd00::1; the port is the target's targetPort",
    ),
    endpoints(
      '[{ address: ¦10.0.0.0/24 }]',
      '[0].address',
      '"10.0.0.0/24" is not an IP address',
      'write a single address, not a range',
    ),
    endpoints(
      '[{ address: ¦db.corp.example }]',
      '[0].address',
      '"db.corp.example" is not an IP address',
      'write host: db.corp.example',
    ),
    endpoints(
      '[{ address: ¦"fe80::1%eth0" }]',
      '[0].address',
      '"fe80::1%eth0" is not an IP address',
      'an address with a zone id is valid on one host only',
    ),
    endpoints(
      '[{ address: ¦127.0.0.1 }]',
      '[0].address',
      '127.0.0.1 is refused: it is in the loopback range (127.0.0.0/8, ::1/128)',
    ),
    endpoints('[{ address: ¦"::ffff:127.0.0.1" }]', '[0].address', /^127\.0\.0\.1 is refused/),
    endpoints('[{ address: ¦"::1" }]', '[0].address', /^::1 is refused: it is in the loopback range/),
    endpoints('[{ address: ¦0.0.0.0 }]', '[0].address', /unspecified address/),
    endpoints('[{ address: ¦"::" }]', '[0].address', /unspecified address/),
    endpoints('[{ address: ¦169.254.169.254 }]', '[0].address', /link-local range/),
    endpoints(
      '[{ address: ¦"FEBF::1" }]',
      '[0].address',
      /^febf::1 is refused: it is in the link-local range/,
    ),
    endpoints('[{ address: ¦224.0.0.251 }]', '[0].address', /link-local multicast range/),
    endpoints('[{ address: ¦"ff02::1" }]', '[0].address', /link-local multicast range/),
    endpoints(
      '[{ host: ¦10.0.0.1 }]',
      '[0].host',
      '"10.0.0.1" is an address, not a name',
      'write address: 10.0.0.1',
    ),
    endpoints(
      '[{ host: ¦"fd00::1" }]',
      '[0].host',
      '"fd00::1" is an address, not a name',
      'write address: fd00::1',
    ),
    endpoints(
      '[{ host: ¦a..b }]',
      '[0].host',
      '"a..b" has an empty label: two dots in a row, or a leading dot',
    ),
    endpoints('[{ host: ¦"*.corp.example" }]', '[0].host', /contains a character other than letters/),
    endpoints(
      `[{ host: ¦${'a'.repeat(64)}.example }]`,
      '[0].host',
      /has a label of more than 63 characters$/,
    ),
    endpoints(
      '[{ host: ¦"https://db.corp.example/x" }]',
      '[0].host',
      /contains a character other than letters/,
      'write only the name: host: db.corp.example',
    ),
    endpoints(
      '[{ host: ¦"db.corp.example:5432" }]',
      '[0].host',
      /contains a character other than letters/,
      'write only the name: host: db.corp.example',
    ),
    endpoints(
      '[{ host: ¦_ldap._tcp.corp.example }]',
      '[0].host',
      '"_ldap._tcp.corp.example" looks like the name of an SRV record',
      'write srv: _ldap._tcp.corp.example',
    ),
    endpoints(
      '[{ srv: ¦10.0.0.1 }]',
      '[0].srv',
      '"10.0.0.1" is an address, not a name',
      'write address: 10.0.0.1',
    ),
    endpoints(
      '[{ address: 10.0.0.1 }, { address: ¦10.0.0.1, priority: 1 }]',
      '[1].address',
      'address 10.0.0.1 is already endpoints[0] of this target',
    ),
    endpoints(
      '[{ address: "fd00::1" }, { address: ¦"FD00:0::1" }]',
      '[1].address',
      'address fd00::1 is already endpoints[0] of this target',
    ),
    endpoints(
      '[{ host: db.example }, { host: ¦DB.example }]',
      '[1].host',
      'host db.example is already endpoints[0] of this target',
    ),
    endpoints(
      '[{ address: 10.0.0.1, zone: ¦"eu west" }]',
      '[0].zone',
      '"eu west" cannot be the value of a label',
    ),
    endpoints(
      '[{ address: 10.0.0.1, priority: ¦-1 }]',
      '[0].priority',
      'expected a whole number from 0 to 65535, found -1',
    ),
  ])('$title', checkCase);

  test('A target with SRV records has exactly one targetPort', () => {
    const marked = targetWith('', {
      ports: '[{ port: 80, name: a }, { port: 443, name: b }]',
      endpoints: '[{ srv: ¦_http._tcp.example }]',
    });
    checkCase(
      whole(
        marked,
        'targets[0].endpoints[0].srv',
        'an SRV record has one port, but the target has 2 targetPorts (80, 443)',
        'declare a separate target, or list the hosts and set targetPort',
      ),
    );
    const one = '[{ port: 80, name: a, targetPort: 8 }, { port: 80, name: b, protocol: UDP, targetPort: 8 }]';
    expect(problemsIn(targetWith('', { ports: one, endpoints: '[{ srv: _a._tcp.b }]' })).problems).toEqual(
      [],
    );
  });
});

describe('Problems of dns', () => {
  test.each<ListCase>([
    target(
      'dns: { servers: [¦dns.corp.example] }',
      '.dns.servers[0]',
      '"dns.corp.example" is not the address of a DNS server',
      'write the IP address of the server, not its name',
    ),
    target(
      'dns: { servers: [¦"10.0.0.53:0"] }',
      '.dns.servers[0]',
      '"10.0.0.53:0" is not the address of a DNS server',
    ),
    target('dns: { servers: [¦"10.0.0.53:65536"] }', '.dns.servers[0]', /not the address of a DNS server/),
    target(
      'dns: { servers: [10.0.0.53, ¦"10.0.0.53:53"] }',
      '.dns.servers[1]',
      '10.0.0.53 port 53 is already item 0 of this list',
    ),
    target(
      'dns: { servers: ¦10.0.0.53 }',
      '.dns.servers',
      /found "10\.0\.0\.53"$/,
      'write list items after "- " or inside [ ]',
    ),
    target(
      'dns: { timeout: ¦2 }',
      '.dns.timeout',
      'expected a duration from 10ms to 60s, found 2',
      'write 2s',
    ),
    target(
      'dns: { timeout: ¦"2" }',
      '.dns.timeout',
      'the duration has no unit',
      'write 2s for seconds or 2ms for milliseconds',
    ),
    target('dns: { timeout: ¦1ms }', '.dns.timeout', '1ms is less than 10ms'),
    target('dns: { timeout: ¦2m }', '.dns.timeout', '2m is more than 60s'),
    target('dns: { timeout: ¦forever }', '.dns.timeout', 'this duration cannot be forever', 'at most 60s'),
    target('dns: { timeout: ¦-2s }', '.dns.timeout', 'a duration cannot be negative'),
    target('dns: { attempts: ¦0 }', '.dns.attempts', 'expected a whole number from 1 to 10, found 0'),
    target('dns: { minTTL: ¦1d }', '.dns.minTTL', /^a duration consists of numbers and units/, 'write 24h'),
    target('dns: { minTTL: ¦10m, maxTTL: 5m }', '.dns.minTTL', 'minTTL 10m is more than maxTTL 5m'),
    target(
      'dns: { hold: { failure: ¦never } }',
      '.dns.hold.failure',
      /^a duration consists of numbers and units/,
      'write forever',
    ),
    target(
      'dns: { hold: { obsolete: ¦forever } }',
      '.dns.hold.obsolete',
      'this duration cannot be forever',
      'at most 168h',
    ),
    target(
      'dns: { hold: { ¦nx: 5s } }',
      '.dns.hold.nx',
      'unknown field "nx"',
      'known fields: obsolete, notFound, failure',
    ),
    target('dns: { ¦minTtl: 5s }', '.dns.minTtl', 'unknown field "minTtl"', 'did you mean minTTL?'),
  ])('$title', checkCase);
});

describe('Problems of healthCheck', () => {
  test.each<ListCase>([
    target('healthCheck: { port: ¦web }', '.healthCheck.port', '"web" is not a TCP port of this target'),
    target(
      'healthCheck: { port: ¦81 }',
      '.healthCheck.port',
      '81 is not a TCP port of this target',
      'did you mean 80?',
    ),
    target(
      'healthCheck: { healthyThreshold: ¦0 }',
      '.healthCheck.healthyThreshold',
      'expected a whole number from 1 to 100, found 0',
    ),
    target('healthCheck: { unhealthyThreshold: ¦101 }', '.healthCheck.unhealthyThreshold', /found 101$/),
    target(
      'healthCheck: { interval: 1s, timeout: ¦2s }',
      '.healthCheck.timeout',
      'timeout 2s is longer than the interval 1s',
    ),
    target(
      'healthCheck: { timeout: ¦20s }',
      '.healthCheck.timeout',
      'timeout 20s is longer than the interval 10s',
    ),
    target(
      'healthCheck: { interval: 1s, fastInterval: ¦2s }',
      '.healthCheck.fastInterval',
      'fastInterval 2s is longer than the interval 1s',
    ),
    target(
      'healthCheck: { type: none, ¦interval: 2s }',
      '.healthCheck.interval',
      'interval has no effect with type: none',
    ),
    whole(
      targetWith('healthCheck: { port: ¦5432 }', { ports: '[{ port: 5432, targetPort: 6432, name: pg }]' }),
      'targets[0].healthCheck.port',
      '5432 is not a TCP port of this target',
      "5432 is the Service's port; on the addresses it is 6432",
    ),
    whole(
      targetWith('healthCheck: { port: ¦dns }', {
        ports: '[{ port: 53, name: dns, protocol: UDP }, { port: 53, name: tcp }]',
      }),
      'targets[0].healthCheck.port',
      '"dns" is not a TCP port of this target',
      'dns is a UDP port',
    ),
    whole(
      targetWith('healthCheck: { type: ¦tcp }', { ports: '[{ port: 53, protocol: UDP }]' }),
      'targets[0].healthCheck.type',
      'none of the ports is TCP, so there is nothing to connect to',
    ),
  ])('$title', checkCase);
});

describe('Problems of publish, service and guards', () => {
  test.each<ListCase>([
    target(
      'publish: { resources: ¦[] }',
      '.publish.resources',
      'expected a list of 1 to 2 kinds, found an empty list',
    ),
    target(
      'publish: { resources: [¦Endpoint] }',
      '.publish.resources[0]',
      /found "Endpoint"$/,
      'did you mean Endpoints?',
    ),
    target(
      'publish: { resources: [Endpoints, ¦Endpoints] }',
      '.publish.resources[1]',
      'Endpoints is already item 0 of this list',
    ),
    target('publish: { panicThreshold: ¦101 }', '.publish.panicThreshold', '101 is not a whole percentage'),
    target('publish: { panicThreshold: ¦50.5 }', '.publish.panicThreshold', '50.5 is not a whole percentage'),
    target(
      'publish: { panicThreshold: ¦half }',
      '.publish.panicThreshold',
      '"half" is not a whole percentage',
    ),
    target(
      'publish: { panicThreshold: ¦[] }',
      '.publish.panicThreshold',
      'expected a percentage from 0 to 100, found an empty list',
    ),
    target(
      'service: { type: ¦ExternalName }',
      '.service.type',
      /found "ExternalName"$/,
      'an ExternalName Service has no endpoints; write ClusterIP',
    ),
    target('service: { type: ¦headless }', '.service.type', /found "headless"$/, 'did you mean Headless?'),
    target(
      'service: { internalTrafficPolicy: ¦Local }',
      '.service.internalTrafficPolicy',
      /found "Local"$/,
      'the endpoints are not on nodes of the cluster, so Local would drop all traffic',
    ),
    target(
      'service: { create: false, ¦labels: {} }',
      '.service.labels',
      'labels has no effect with create: false, because something else writes the Service',
    ),
    target('service: { labels: { ¦"": x } }', '.service.labels[""]', '"" cannot be the key of a label'),
    target(
      'service: { labels: { ¦"a b": x } }',
      '.service.labels["a b"]',
      '"a b" cannot be the key of a label',
    ),
    target('service: { labels: { a: ¦"x y" } }', '.service.labels.a', '"x y" cannot be the value of a label'),
    target(
      'service: { labels: { a: ¦1 } }',
      '.service.labels.a',
      'expected a string, found 1',
      'put it in quotes: "1"',
    ),
    target(
      'service: { labels: { a: ¦true } }',
      '.service.labels.a',
      'expected a string, found true',
      'put it in quotes: "true"',
    ),
    ...[
      'app.kubernetes.io/managed-by',
      'external-endpoints/x',
      'kubernetes.io/service-name',
      'endpointslice.kubernetes.io/skip-mirror',
      'service.kubernetes.io/headless',
      'endpoints.kubernetes.io/over-capacity',
    ].map((key) =>
      target(
        `service: { labels: { ¦${key}: x } }`,
        `.service.labels["${key}"]`,
        `the key "${key}" is reserved`,
        'remove it: external-endpoints or Kubernetes sets it',
      ),
    ),
    target(
      'service: { annotations: { ¦kubectl.kubernetes.io/last-applied-configuration: x } }',
      '.service.annotations["kubectl.kubernetes.io/last-applied-configuration"]',
      /is reserved$/,
      'remove it: external-endpoints or Kubernetes sets it',
    ),
    target(
      'service: { annotations: { ¦"a/b/c": x } }',
      '.service.annotations["a/b/c"]',
      '"a/b/c" cannot be the key of an annotation',
    ),
    target(
      'service: { ipFamilies: [IPv4, ¦IPv4] }',
      '.service.ipFamilies[1]',
      'IPv4 is already item 0 of this list',
    ),
    target(
      'service: { ipFamilies: [¦ipv6] }',
      '.service.ipFamilies[0]',
      /found "ipv6"$/,
      'did you mean IPv6?',
    ),
    target(
      'service: { ipFamilies: ¦[IPv4, IPv6] }',
      '.service.ipFamilies',
      'ipFamilyPolicy SingleStack allows only one family',
      'or write ipFamilyPolicy: PreferDualStack',
    ),
    target(
      'service: { type: Headless, sessionAffinity: ¦ClientIP }',
      '.service.sessionAffinity',
      'sessionAffinity ClientIP has no effect on a headless Service',
      'clients of a headless Service choose an address themselves',
    ),
    target(
      'service: { ¦selector: {} }',
      '.service.selector',
      'unknown field "selector"',
      'known fields: create, type, labels, annotations, sessionAffinity, internalTrafficPolicy, trafficDistribution, ipFamilies, ipFamilyPolicy',
    ),
    list(
      'guards: { maxDrain: ¦50 }',
      'guards.maxDrain',
      'expected a percentage such as "50%", found 50',
      'write 50%',
    ),
    list(
      'guards: { maxDrain: ¦"50" }',
      'guards.maxDrain',
      '"50" is not a whole percentage from 0% to 100%',
      'write 50%',
    ),
    list(
      'guards: { maxDeletes: ¦101% }',
      'guards.maxDeletes',
      '"101%" is not a whole percentage from 0% to 100%',
    ),
    list(
      'guards: { allowedCIDRs: [¦10.0.0.5] }',
      'guards.allowedCIDRs[0]',
      '"10.0.0.5" is not an address range',
      'write 10.0.0.5/32 for a single address',
    ),
    list(
      'guards: { allowedCIDRs: [¦"fd00::1"] }',
      'guards.allowedCIDRs[0]',
      '"fd00::1" is not an address range',
      'write fd00::1/128 for a single address',
    ),
    list(
      'guards: { deniedCIDRs: [¦10.1.2.3/8] }',
      'guards.deniedCIDRs[0]',
      '"10.1.2.3/8" is an address inside a range',
      'write 10.0.0.0/8 for the range',
    ),
    list(
      'guards: { deniedCIDRs: [¦"fd00:1::1/17"] }',
      'guards.deniedCIDRs[0]',
      '"fd00:1::1/17" is an address inside a range',
      'write fd00::/17 for the range',
    ),
    list(
      'guards: { deniedCIDRs: [¦10.0.0.0/33] }',
      'guards.deniedCIDRs[0]',
      '"10.0.0.0/33" is not an address range',
    ),
    whole(
      targetWith('', { endpoints: '[{ address: ¦10.0.0.1 }]' }).concat(
        'guards: { allowedCIDRs: [192.168.0.0/16] }',
      ),
      'targets[0].endpoints[0].address',
      '10.0.0.1 is refused: it is in none of guards.allowedCIDRs (192.168.0.0/16)',
    ),
    whole(
      targetWith('', { endpoints: '[{ address: ¦10.0.0.1 }]' }).concat(
        'guards: { deniedCIDRs: [10.0.0.0/8], allowedCIDRs: [10.0.0.0/8] }',
      ),
      'targets[0].endpoints[0].address',
      '10.0.0.1 is refused: guards.deniedCIDRs has 10.0.0.0/8',
    ),
  ])('$title', checkCase);
});
