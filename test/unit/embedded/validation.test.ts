import { describe, expect, it } from 'vitest';
import {
  ApiClient,
  CONFIG_MAPS,
  ENDPOINTS,
  EVENTS,
  LEASES,
  SERVICES,
  SLICES,
} from '../../support/api-client.ts';

/** Cases beyond the recordings. Every message was observed on kube-apiserver 1.36.2. */

const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const QUALIFIED_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const PORTS = [{ port: 80 }];

/** The causes of a rejection, as `field: message`. */
async function causes(path: string, body: object, client = new ApiClient()): Promise<string[]> {
  const answer = await client.post(path, { metadata: { name: 'x' }, ...body });
  expect(answer.status, answer.body.message).toBe(422);
  return answer.body.details.causes.map(({ field, message }) => `${field}: ${message}`);
}

describe('Services', () => {
  it.each<[object, string[]]>([
    [
      {
        ports: [
          { port: 80, name: 'a' },
          { port: 81, name: 'a' },
        ],
      },
      ['spec.ports[1].name: Duplicate value: "a"'],
    ],
    [{ ports: [{ port: 80, name: 'A_' }] }, [`spec.ports[0].name: Invalid value: "A_": ${LABEL_RULE}`]],
    [
      { ports: [{ port: 80, protocol: 'FOO' }] },
      ['spec.ports[0].protocol: Unsupported value: "FOO": supported values: "SCTP", "TCP", "UDP"'],
    ],
    [
      {
        ports: [
          { port: 80, name: 'a' },
          { port: 80, name: 'b' },
        ],
      },
      [
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
      ],
    ],
    [
      { ports: [{ port: 80, targetPort: 'Foo_' }] },
      [
        'spec.ports[0].targetPort: Invalid value: "Foo_": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
      ],
    ],
    [{ ports: PORTS, type: 'ExternalName' }, ['spec.externalName: Required value']],
    [
      { type: 'ExternalName', externalName: 'a.b', clusterIP: '10.96.0.9' },
      ['spec.clusterIPs: Forbidden: may not be set for ExternalName services'],
    ],
    [
      { type: 'ExternalName', externalName: 'a.b', ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
      [
        'spec.ipFamilies: Forbidden: may not be set for ExternalName services',
        'spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services',
      ],
    ],
    [
      { ports: PORTS, clusterIPs: ['10.96.0.78'] },
      ['spec.clusterIPs: Invalid value: ["10.96.0.78"]: must be empty when `clusterIP` is not specified'],
    ],
    [
      { ports: PORTS, clusterIP: '10.96.0.79', clusterIPs: ['10.96.0.78'] },
      ['spec.clusterIPs: Invalid value: ["10.96.0.78"]: first value must match `clusterIP`'],
    ],
    [
      { ports: PORTS, clusterIP: '10.96.0.79', clusterIPs: ['10.96.0.79', '10.96.0.80'] },
      [
        'spec.clusterIPs: Invalid value: ["10.96.0.79","10.96.0.80"]: may specify no more than one IP for each IP family',
      ],
    ],
    [
      { ports: PORTS, clusterIP: 'None', clusterIPs: ['None', 'fd00::1'] },
      ['spec.clusterIPs: Invalid value: ["None","fd00::1"]: \'None\' must be the first and only value'],
    ],
    [
      { ports: PORTS, clusterIP: 'None', type: 'NodePort' },
      ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services'],
    ],
    [
      { ports: [{ port: 80, nodePort: 80 }], type: 'NodePort' },
      [
        'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
      ],
    ],
    [
      { ports: PORTS, externalTrafficPolicy: 'Local' },
      [
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
      ],
    ],
    [
      { ports: PORTS, ipFamilies: ['IPv4', 'IPv6'] },
      [
        "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
      ],
    ],
    [
      { ports: PORTS, selector: { 'a b': 'c d' } },
      [
        `spec.selector: Invalid value: "a b": ${QUALIFIED_RULE}`,
        `spec.selector: Invalid value: "c d": ${VALUE_RULE}`,
      ],
    ],
  ])('%j', async (spec, expected) => {
    expect(await causes(SERVICES, { spec })).toEqual(expected);
  });

  it('get only free addresses and node ports, and release theirs', async () => {
    const client = new ApiClient();
    const spec = { type: 'NodePort', clusterIP: '10.96.0.77', ports: [{ port: 80, nodePort: 30080 }] };
    expect((await client.post(SERVICES, { metadata: { name: 'first' }, spec })).status).toBe(201);
    const failed = 'failed to allocate IP 10.96.0.77: provided IP is already allocated';
    expect(await causes(SERVICES, { spec }, client)).toContain(
      `spec.clusterIPs: Invalid value: ["10.96.0.77"]: ${failed}`,
    );
    await client.delete(`${SERVICES}/first`);
    expect((await client.post(SERVICES, { metadata: { name: 'second' }, spec })).status).toBe(201);
  });

  it('get addresses of both families in a dual-stack cluster', async () => {
    const client = new ApiClient({ serviceCidrs: ['10.96.0.0/16', 'fd00:10:96::/112'] });
    const spec = { ports: PORTS, ipFamilyPolicy: 'PreferDualStack' };
    const { body } = await client.post(SERVICES, { metadata: { name: 'x' }, spec });
    expect(body.spec.ipFamilies).toEqual(['IPv4', 'IPv6']);
    expect(body.spec.clusterIPs).toEqual([
      expect.stringMatching(/^10\.96\./),
      expect.stringMatching(/^fd00:10:96::/),
    ]);
  });

  it('get warnings about ignored and deprecated fields', async () => {
    const client = new ApiClient();
    const spec = {
      ports: PORTS,
      externalName: 'x.y',
      externalIPs: ['1.2.3.4'],
      trafficDistribution: 'PreferClose',
    };
    const { headers } = await client.post(SERVICES, { metadata: { name: 'x' }, spec });
    expect(headers.Warning).toEqual([
      '299 - "spec.externalIPs is deprecated and may no longer be implemented in some clusters"',
      '299 - "spec.externalName is ignored when spec.type is not \\"ExternalName\\""',
      '299 - "spec.trafficDistribution: \\"PreferClose\\" is deprecated; use \\"PreferSameZone\\""',
    ]);
  });
});

describe('EndpointSlices', () => {
  it.each<[object, string[]]>([
    [
      { endpoints: [{ addresses: [] }] },
      ['endpoints[0].addresses: Required value: must contain at least 1 address'],
    ],
    [
      { endpoints: [{ addresses: Array.from({ length: 101 }, (_, at) => `10.0.0.${at}`) }] },
      ['endpoints[0].addresses: Too many: 101: must have at most 100 items'],
    ],
    [
      { endpoints: [{ addresses: ['a'] }], addressType: 'FQDN' },
      [
        'endpoints[0].addresses[0]: Invalid value: "a": should be a domain with at least two segments separated by dots',
      ],
    ],
    [
      { endpoints: [{ addresses: ['10.0.0.1'], hostname: 'A_', nodeName: 'A_', zone: '%%' }] },
      [
        `endpoints[0].nodeName: Invalid value: "A_": ${SUBDOMAIN_RULE}`,
        `endpoints[0].hostname: Invalid value: "A_": ${LABEL_RULE}`,
      ],
    ],
    [
      { endpoints: [{ addresses: ['10.0.0.1'], hints: { forZones: [{ name: 'a' }, { name: 'a' }] } }] },
      ['endpoints[0].hints.forZones[1].name: Duplicate value: "a"'],
    ],
    [
      {
        ports: [
          { name: 'a', port: 1 },
          { name: 'a', port: 1, protocol: 'UDP' },
        ],
      },
      ['ports[1].name: Duplicate value: "a"'],
    ],
  ])('%j', async (body, expected) => {
    expect(await causes(SLICES, { addressType: 'IPv4', ...body })).toEqual(expected);
  });
});

describe('Endpoints', () => {
  it('do not validate unchanged subsets again', async () => {
    const client = new ApiClient();
    const [stored] = [{ addresses: [{ ip: '10.0.0.1' }] }];
    await client.post(ENDPOINTS, { metadata: { name: 'x' }, subsets: [stored] });
    const bad = { subsets: [{ addresses: [{ ip: '127.0.0.1' }] }] };
    expect((await client.patch('merge', `${ENDPOINTS}/x`, bad)).status).toBe(422);
    expect((await client.patch('merge', `${ENDPOINTS}/x`, { metadata: { labels: { a: 'b' } } })).status).toBe(
      200,
    );
  });
});

describe('Leases, ConfigMaps and Events', () => {
  it.each<[string, object, string[]]>([
    [
      LEASES,
      { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } },
      [
        'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
        'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
      ],
    ],
    [
      CONFIG_MAPS,
      { data: { a: '1' }, binaryData: { a: 'aGk=' } },
      ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
    ],
    [
      CONFIG_MAPS,
      { data: { a: 'x'.repeat(1_048_577) } },
      ['[]: Too long: may not be more than 1048576 bytes'],
    ],
    [
      EVENTS,
      { eventTime: '2026-01-01T00:00:00.000000Z', type: 'Warning', note: 'x'.repeat(1_025) },
      [
        'reportingController: Required value',
        'reportingController: Invalid value: "": name part must be non-empty',
        `reportingController: Invalid value: "": ${QUALIFIED_RULE}`,
        'reportingInstance: Required value',
        'action: Required value',
        'reason: Required value',
        'message: Invalid value: "": can have at most 1024 characters',
      ],
    ],
  ])('%s', async (path, body, expected) => {
    expect(await causes(path, body)).toEqual(expected);
  });

  it('an immutable ConfigMap cannot be changed', async () => {
    const client = new ApiClient();
    await client.post(CONFIG_MAPS, { metadata: { name: 'x' }, immutable: true, data: { a: '1' } });
    const answer = await client.put(`${CONFIG_MAPS}/x`, {
      metadata: { name: 'x' },
      immutable: true,
      data: { a: '2' },
    });
    expect(answer.body.message).toBe(
      'ConfigMap "x" is invalid: data: Forbidden: field is immutable when `immutable` is set',
    );
  });

  it('an Event is readable in two API versions', async () => {
    const client = new ApiClient();
    const event = {
      metadata: { name: 'x' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      type: 'Warning',
      reportingController: 'external-endpoints',
      reportingInstance: 'i',
      action: 'Probe',
      reason: 'EndpointUnhealthy',
      note: 'down',
      regarding: { kind: 'Service', namespace: 'default', name: 'db' },
    };
    expect((await client.post(EVENTS, event)).status).toBe(201);
    const selector = 'fieldSelector=involvedObject.kind=Service,involvedObject.name=db';
    const { body } = await client.get(`/api/v1/namespaces/default/events?${selector}`);
    expect(body.items).toMatchObject([
      {
        message: 'down',
        involvedObject: { name: 'db' },
        reportingComponent: 'external-endpoints',
        source: {},
      },
    ]);
  });
});

describe('values that do not fit their type', () => {
  it('unknown fields are rejected, warned about or ignored, as the client requests', async () => {
    const client = new ApiClient();
    const body = { metadata: { name: 'x', foo: 1 }, spec: { ports: [{ port: 1, x: 2 }], y: 1 } };
    const strict = await client.post(`${SERVICES}?fieldValidation=Strict`, body);
    expect(strict.body.message).toBe(
      'Service in version "v1" cannot be handled as a Service: strict decoding error: unknown field "metadata.foo", unknown field "spec.ports[0].x", unknown field "spec.y"',
    );
    const warned = await client.post(`${SERVICES}?dryRun=All`, body);
    expect(warned.headers.Warning).toEqual([
      '299 - "unknown field \\"metadata.foo\\""',
      '299 - "unknown field \\"spec.ports[0].x\\""',
      '299 - "unknown field \\"spec.y\\""',
    ]);
    const ignored = await client.post(`${SERVICES}?fieldValidation=Ignore`, body);
    expect(ignored.headers.Warning).toBeUndefined();
    expect(ignored.body.spec.ports).toEqual([{ protocol: 'TCP', port: 1, targetPort: 1 }]);
  });

  it.each([
    [
      { spec: { ports: [{ port: '1' }] } },
      'string into Go struct field ServicePort.spec.ports.port of type int32',
    ],
    [
      { spec: { ports: { a: 1 } } },
      'object into Go struct field ServiceSpec.spec.ports of type []v1.ServicePort',
    ],
    [
      { metadata: { labels: { a: 1 } } },
      'number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
  ])('%j', async (body, expected) => {
    const { status, body: answer } = await new ApiClient().post(SERVICES, body);
    expect(status).toBe(400);
    expect(answer.message).toBe(
      `Service in version "v1" cannot be handled as a Service: json: cannot unmarshal ${expected}`,
    );
  });

  it('times are stored in UTC and in the format of their type', async () => {
    const client = new ApiClient();
    const renewed = (renewTime: string) =>
      client.post(`${LEASES}?dryRun=All`, { metadata: { name: 'x' }, spec: { renewTime } });
    expect((await renewed('2026-01-01T00:00:00.123456+01:00')).body.spec.renewTime).toBe(
      '2025-12-31T23:00:00.123456Z',
    );
    expect((await renewed('2026-01-01T00:00:00.123Z')).body.message).toMatch(
      /cannot parse "\.123Z" as "\.000000"$/,
    );
  });

  it('a body above 3 MiB is rejected', async () => {
    const huge = { metadata: { name: 'x' }, data: { a: 'x'.repeat(3 * 1024 * 1024) } };
    const { status, body } = await new ApiClient().post(CONFIG_MAPS, huge);
    expect(status).toBe(413);
    expect(body.message).toBe('Request entity too large: limit is 3145728');
  });
});
