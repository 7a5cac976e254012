import { describe, expect, it } from 'vitest';
import { parseTargetList } from '../../../src/config/target-list.ts';
import { type ServedAddress, viewNames } from '../../../src/endpoint/name-memory.ts';
import type { Target } from '../../../src/target/target.ts';
import { ip } from '../../support/dns-resolver.ts';

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

/** What each name stands for when nothing is remembered and nobody answers. */
function seeded(endpoints: string, served: readonly ServedAddress[]) {
  const subject = target(endpoints);
  const { known } = viewNames({
    target: subject,
    hold: subject.dns.hold,
    previous: undefined,
    answers: new Map(),
    served,
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

describe('a lost memory', () => {
  const onOwnPort = { address: ip('10.0.0.1'), port: 6432 };
  const fromRecords = { address: ip('10.0.0.9'), port: 7000 };

  it('counts what is served as known to a host, whatever port it is served on', () => {
    expect(seeded('[{ host: db.example }]', [onOwnPort, fromRecords])).toEqual({
      'host db.example': ['10.0.0.1', '10.0.0.9'],
    });
  });

  it('keeps the port that a service gave, and gives none of its addresses to a host beside it', () => {
    expect(seeded('[{ host: db.example }, { srv: _db._tcp.example }]', [onOwnPort, fromRecords])).toEqual({
      'host db.example': ['10.0.0.1'],
      'srv _db._tcp.example': ['10.0.0.1:6432', '10.0.0.9:7000'],
    });
  });

  it('leaves declared addresses to the list', () => {
    expect(seeded('[{ address: 10.0.0.1 }, { host: db.example }]', [onOwnPort])).toEqual({
      'host db.example': [],
    });
  });
});
