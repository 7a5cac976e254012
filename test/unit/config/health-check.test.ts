import { describe, expect, it } from 'vitest';
import { parseTargetList } from '../../../src/config/target-list.ts';
import type { HealthCheckKind } from '../../../src/model/target.ts';

function parse(healthCheck: string, defaults = '{}') {
  return parseTargetList(
    `apiVersion: external-endpoints/v1
kind: TargetList
defaults: { healthCheck: ${defaults} }
targets:
  - name: db
    ports: [{ name: sql, port: 5432 }, { name: dns, port: 53, protocol: UDP }]
    endpoints: [{ address: 10.20.0.5 }]
    healthCheck: ${healthCheck}
`,
    'list.yaml',
  );
}

function kindOf(healthCheck: string, defaults?: string): HealthCheckKind | undefined {
  const result = parse(healthCheck, defaults);
  if (!result.ok) throw new Error(result.problems.map((problem) => problem.message).join('\n'));
  return result.list.targets[0]?.healthCheck.kind;
}

function problemsOf(healthCheck: string, defaults?: string): string[] {
  const result = parse(healthCheck, defaults);
  if (result.ok) throw new Error('no problem');
  return result.problems.map(({ path, message }) => `${path}: ${message}`);
}

function bytes(...codes: number[]): Uint8Array {
  return new Uint8Array(codes);
}

describe('the payloads of a TCP check', () => {
  it.each<[string, Uint8Array]>([
    // YAML resolves these escapes.
    [String.raw`"A\r\n"`, bytes(0x41, 13, 10)],
    // YAML leaves these escapes to the parser.
    [String.raw`'A\r\n\t\0\\\x7F'`, bytes(0x41, 13, 10, 9, 0, 0x5c, 0x7f)],
    [String.raw`A\xe9é`, bytes(0x41, 0xe9, 0xc3, 0xa9)],
  ])('reads the text %s', (written, send) => {
    expect(kindOf(`{ tcp: { send: ${written} } }`)).toEqual({ type: 'tcp', exchange: { send } });
  });

  it('reads hexadecimal digits', () => {
    const exchange = { send: bytes(0, 0x0a, 0xff), expect: { kind: 'bytes', bytes: bytes(0x4e) } };
    expect(kindOf('{ tcp: { sendHex: "00 0A ff", expectHex: 4e } }')).toEqual({ type: 'tcp', exchange });
  });

  it('reads a regular expression', () => {
    const exchange = { expect: { kind: 'pattern', source: '^\\+PONG' } };
    expect(kindOf(String.raw`{ tcp: { expectPattern: '^\+PONG' } }`)).toEqual({ type: 'tcp', exchange });
  });

  it('only connects when it neither sends nor expects anything', () => {
    expect(kindOf('{ tcp: {} }')).toEqual({ type: 'tcp' });
  });

  it.each([
    [String.raw`{ tcp: { send: 'a\q' } }`, String.raw`targets[0].healthCheck.tcp.send: unknown escape "\\q"`],
    [
      String.raw`{ tcp: { send: 'a\xg0' } }`,
      String.raw`targets[0].healthCheck.tcp.send: unknown escape "\\x"`,
    ],
    [
      '{ tcp: { sendHex: 123 } }',
      'targets[0].healthCheck.tcp.sendHex: expected pairs of hexadecimal digits such as "00 0a ff", found 123',
    ],
    [
      '{ tcp: { sendHex: "12 3" } }',
      'targets[0].healthCheck.tcp.sendHex: "12 3" is not a sequence of hexadecimal digit pairs',
    ],
    [
      '{ tcp: { expectPattern: "(" } }',
      'targets[0].healthCheck.tcp.expectPattern: Invalid regular expression: /(/s: Unterminated group',
    ],
    [
      '{ tcp: { expect: a, expectHex: "41" } }',
      'targets[0].healthCheck.tcp.expectHex: expect and expectHex cannot be combined',
    ],
  ])('rejects %s', (written, problem) => {
    expect(problemsOf(written)).toEqual([problem]);
  });
});

describe('a TLS check', () => {
  it('verifies by default', () => {
    expect(kindOf('{ type: tls }')).toEqual({ type: 'tls', tls: { verify: true, minValidityMs: 0 } });
  });

  it('reads every setting', () => {
    expect(
      kindOf(
        '{ type: tls, tls: { serverName: db.example, caFile: /ca.pem, verify: false, minValidity: 48h } }',
      ),
    ).toEqual({
      type: 'tls',
      tls: { serverName: 'db.example', caFile: '/ca.pem', verify: false, minValidityMs: 172_800_000 },
    });
  });

  it.each([
    ['{ type: tls, tls: { serverName: "a b" } }', '"a b" is neither a DNS name nor an IP address'],
    ['{ type: tls, tls: { caFile: ca.pem } }', '"ca.pem" is not an absolute path'],
    ['{ type: tls, tls: { minValidity: 11y } }', 'a duration consists of numbers and units'],
  ])('rejects %s', (written, problem) => {
    expect(problemsOf(written).join()).toContain(problem);
  });
});

describe('an HTTP check', () => {
  const plain = { method: 'GET', path: '/', expectedStatuses: [{ from: 200, to: 299 }] };

  it('requests / and expects 2xx by default', () => {
    expect(kindOf('{ type: http }')).toEqual({ type: 'http', http: plain });
  });

  it('uses TLS when its scheme is https', () => {
    expect(kindOf('{ type: http, http: { scheme: https }, tls: { verify: false } }')).toEqual({
      type: 'http',
      http: plain,
      tls: { verify: false, minValidityMs: 0 },
    });
  });

  it('reads every setting', () => {
    const written =
      'method: HEAD, path: "/a?b=c", host: "[2001:db8::1]:80", expectedStatuses: [204, 300-399], expectedBody: ok';
    expect(kindOf(`{ type: http, http: { ${written} } }`)).toEqual({
      type: 'http',
      http: {
        method: 'HEAD',
        path: '/a?b=c',
        host: '[2001:db8::1]:80',
        expectedStatuses: [
          { from: 204, to: 204 },
          { from: 300, to: 399 },
        ],
        body: { kind: 'bytes', bytes: bytes(0x6f, 0x6b) },
      },
    });
  });

  it.each([
    ['method: get', '"get" is not an HTTP method'],
    ['path: healthz', '"healthz" does not begin with /'],
    ['path: /a b', '"/a b" contains a character that is not allowed in a URL'],
    [String.raw`path: "/a\r\nX: y"`, 'contains a character that is not allowed in a URL'],
    [String.raw`host: "a\r\nX: y"`, 'cannot be a Host header'],
    ['expectedStatuses: [600]', '600 is not a status from 100 to 599'],
    ['expectedStatuses: [299-200]', '"299-200" is not a status from 100 to 599'],
    ['expectedStatuses: []', 'a list of 1 to 32 statuses or ranges'],
    ['expectedBody: a, expectedBodyPattern: b', 'expectedBody and expectedBodyPattern cannot be combined'],
  ])('rejects %s', (written, problem) => {
    expect(problemsOf(`{ type: http, http: { ${written} } }`).join()).toContain(problem);
  });
});

describe('settings of another type of check', () => {
  it.each([
    ['{ type: none, tcp: { send: a } }', 'tcp has no effect on a check of type none'],
    ['{ type: tls, http: {} }', 'http has no effect on a check of type tls'],
    ['{ type: http, tls: { verify: false } }', 'tls has no effect on a check of type http'],
    ['{ tls: { verify: false } }', 'tls has no effect on a check of type tcp'],
  ])('are rejected in a target: %s', (written, problem) => {
    expect(problemsOf(written).join()).toContain(problem);
  });

  it('are allowed in defaults and apply to the targets that use them', () => {
    const defaults = '{ type: tls, tls: { caFile: /ca.pem }, tcp: { send: a } }';
    expect(kindOf('{ type: none }', defaults)).toEqual({ type: 'none' });
    expect(kindOf('{}', defaults)).toMatchObject({ type: 'tls', tls: { caFile: '/ca.pem' } });
    expect(kindOf('{ type: tcp }', defaults)).toMatchObject({ exchange: { send: bytes(0x61) } });
  });

  it('of defaults are dropped when the target sets an exclusive field', () => {
    const written = '{ tcp: { expect: b } }';
    expect(kindOf(written, '{ tcp: { send: a, expectPattern: x } }')).toEqual({
      type: 'tcp',
      exchange: { send: bytes(0x61), expect: { kind: 'bytes', bytes: bytes(0x62) } },
    });
    const body = { http: { body: { kind: 'pattern', source: 'b' } } };
    expect(
      kindOf('{ http: { expectedBodyPattern: b } }', '{ type: http, http: { expectedBody: a } }'),
    ).toMatchObject(body);
  });
});
