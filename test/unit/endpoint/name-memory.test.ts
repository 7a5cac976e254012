import { describe, expect, it } from 'vitest';
import { parseTargetList } from '../../../src/config/target-list.ts';
import type { Absence, Resolution, Resolved } from '../../../src/dns/resolution.ts';
import { viewNames } from '../../../src/endpoint/name-memory.ts';
import type { ServedAddress } from '../../../src/endpoint/recovery.ts';
import type { Target } from '../../../src/model/target.ts';
import { ip } from '../../support/addresses.ts';
import { host } from '../../support/dns-resolver.ts';

function target(endpoints: string): Target {
  const result = parseTargetList(
    `apiVersion: external-endpoints/v1
kind: TargetList
targets:
  - { name: db, namespace: shop, ports: [{ port: 5432, targetPort: 6432 }], endpoints: ${endpoints} }
`,
    'list.yaml',
  );
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  const [first] = result.list.targets;
  if (first === undefined) throw new Error('the list has a target');
  return first;
}

/** The addresses of each name without a memory and without an answer. */
function seeded(endpoints: string, served: readonly ServedAddress[]) {
  const subject = target(endpoints);
  const { known } = viewNames({
    target: subject,
    hold: subject.dns.hold,
    previous: undefined,
    answers: new Map(),
    served,
    published: [],
    isHealthy: () => true,
    nowMs: 1_000,
  });
  return Object.fromEntries(
    [...known].map(([source, addresses]) => [
      source,
      addresses.map(({ address, port }) => (port === undefined ? address : `${address}:${port}`)),
    ]),
  );
}

describe('viewNames, after a lost memory', () => {
  const onOwnPort = { address: ip('10.0.0.1'), port: 6432 };
  const fromRecords = { address: ip('10.0.0.9'), port: 7000 };

  it('takes served addresses as known to a host, on any port', () => {
    expect(seeded('[{ host: db.example }]', [onOwnPort, fromRecords])).toEqual({
      'host db.example': ['10.0.0.1', '10.0.0.9'],
    });
  });

  it('keeps the port of an address from SRV, and does not give it to a host', () => {
    expect(seeded('[{ host: db.example }, { srv: _db._tcp.example }]', [onOwnPort, fromRecords])).toEqual({
      'host db.example': ['10.0.0.1'],
      'srv _db._tcp.example': ['10.0.0.1:6432', '10.0.0.9:7000'],
    });
  });

  it('does not take listed addresses as known to a name', () => {
    expect(seeded('[{ address: 10.0.0.1 }, { host: db.example }]', [onOwnPort])).toEqual({
      'host db.example': [],
    });
  });
});

describe('viewNames, troubles', () => {
  const found = (...addresses: string[]): Resolved => ({
    outcome: 'resolved',
    answers: addresses.map((address) => ({ address: ip(address) })),
    ttlSeconds: 60,
  });
  const noData: Absence = { outcome: 'noData', reason: 'NoData', message: 'no record', ttlSeconds: 60 };
  const gone: Absence = {
    outcome: 'nameNotFound',
    reason: 'NameNotFound',
    message: 'does not exist',
    ttlSeconds: 60,
  };
  const failed: Absence = { outcome: 'unresolved', reason: 'ServerFailure', message: 'answers SERVFAIL' };
  const lacking = (resolved: Resolved, ...missing: [name: string, absence: Absence][]): Resolved => ({
    ...resolved,
    missing: missing.map(([name, absence]) => ({ host: host(name), absence })),
  });

  function troubles(IPv4: Resolution, IPv6: Resolution): string[] {
    const subject = target('[{ host: db.example }]');
    const view = viewNames({
      target: subject,
      hold: subject.dns.hold,
      previous: new Map(),
      answers: new Map([
        ['host db.example', { resolution: { IPv4, IPv6 }, answeredAtMs: { IPv4: 1, IPv6: 1 } }],
      ]),
      served: [],
      published: [],
      isHealthy: () => true,
      nowMs: 1_000,
    });
    return view.troubles.map(({ source, reason, message }) => `${source}: ${reason}: ${message}`);
  }

  it.each<[string, Resolution, Resolution, string[]]>([
    ['none: one family has addresses, the other none', found('10.0.0.1'), noData, []],
    [
      'one family has addresses, the other is unresolved',
      failed,
      found('fd00::1'),
      ['ServerFailure: answers SERVFAIL'],
    ],
    ['a name that does not exist', gone, gone, ['NameNotFound: does not exist']],
    [
      'a name that is empty in one family and unresolved in the other',
      noData,
      failed,
      ['ServerFailure: answers SERVFAIL'],
    ],
    [
      'an SRV target has no address in either family',
      lacking(found('10.0.0.1'), ['a.example', gone]),
      lacking(found('fd00::1'), ['a.example', gone]),
      ['NameNotFound: does not exist'],
    ],
    [
      'an SRV target has no address in the only family with an answer',
      lacking(found('10.0.0.1'), ['a.example', gone]),
      noData,
      ['NameNotFound: does not exist'],
    ],
    [
      'none: an SRV target has addresses of one family',
      lacking(found('10.0.0.1'), ['a.example', noData]),
      found('fd00::1'),
      [],
    ],
    [
      'an SRV target is unresolved in one family',
      lacking(found('10.0.0.1'), ['a.example', noData], ['b.example', failed]),
      found('fd00::1', 'fd00::2'),
      ['ServerFailure: answers SERVFAIL'],
    ],
    [
      'an answer with too many addresses',
      { ...found('10.0.0.1', '10.0.0.2'), cutFrom: 1_200 },
      noData,
      ['TooManyAddresses: the answer has 1200 addresses, of which 2 are used'],
    ],
  ])('reports %s', (_, IPv4, IPv6, expected) => {
    expect(troubles(IPv4, IPv6)).toEqual(expected.map((words) => `host db.example: ${words}`));
  });
});
