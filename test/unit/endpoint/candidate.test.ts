import { describe, expect, it } from 'vitest';
import { candidatesOf, isToBeChecked, type KnownAddress } from '../../../src/endpoint/candidate.ts';
import { DEFAULT_GUARDS } from '../../../src/model/guards.ts';
import { parseCidr } from '../../../src/model/ip-address.ts';
import { ip } from '../../support/addresses.ts';
import { targetOf } from '../../support/targets.ts';

const HELD = { reason: 'AddressLeftAnswer', message: '', untilMs: 9 };

function known(...entries: readonly [string, readonly KnownAddress[]][]) {
  return new Map(entries);
}

function candidates(endpoints: string, names: ReturnType<typeof known> = known(), guards = DEFAULT_GUARDS) {
  return candidatesOf(targetOf(`ports: [{ port: 1 }], endpoints: [${endpoints}]`), names, guards);
}

/** `10.0.0.1 0 address`: address, priority, source. */
const inShort = (found: ReturnType<typeof candidates>) =>
  found.map(
    ({ address, port, priority, source }) =>
      `${address}${port === undefined ? '' : `:${port}`} ${priority} ${source}`,
  );

describe('candidatesOf', () => {
  it('has the listed addresses and the addresses of names, in the order of the list', () => {
    const names = known(['host db.example', [{ address: ip('10.0.0.2') }, { address: ip('fd00::2') }]]);
    expect(
      inShort(
        candidates('{ address: 10.0.0.1 }, { host: db.example, priority: 1 }, { address: 10.0.0.3 }', names),
      ),
    ).toEqual([
      '10.0.0.1 0 address',
      '10.0.0.2 1 host db.example',
      'fd00::2 1 host db.example',
      '10.0.0.3 0 address',
    ]);
  });

  it('has no address for a name without an answer', () => {
    expect(candidates('{ host: db.example }')).toEqual([]);
  });

  it('gives each address the zone and the name of its source', () => {
    const names = known(['host db.example', [{ address: ip('10.0.0.2') }]]);
    expect(candidates('{ host: db.example, zone: a }, { address: 10.0.0.1, zone: b }', names)).toEqual([
      {
        address: '10.0.0.2',
        host: 'db.example',
        zone: 'a',
        priority: 0,
        drained: false,
        source: 'host db.example',
      },
      { address: '10.0.0.1', zone: 'b', priority: 0, drained: false, source: 'address' },
    ]);
  });

  it('gives an address from SRV the port and host of the record, and the sum of both priorities', () => {
    const srv = { address: ip('10.0.0.2'), port: 5433, priority: 10, host: 'a.example', drained: true };
    const names = known(['srv _pg._tcp.db.example', [srv]]);
    expect(candidates('{ srv: _pg._tcp.db.example, priority: 5 }', names)).toMatchObject([
      { port: 5433, priority: 15, host: 'a.example', drained: true, source: 'srv _pg._tcp.db.example' },
    ]);
  });
});

describe('candidatesOf, with one address from several sources', () => {
  it('has it once, with the best priority, or from the first source if they are equal', () => {
    const both = [{ address: ip('10.0.0.1') }];
    const names = known(['host a.example', both], ['host b.example', both]);
    expect(
      inShort(candidates('{ host: a.example, priority: 2 }, { host: b.example, priority: 1 }', names)),
    ).toEqual(['10.0.0.1 1 host b.example']);
    expect(inShort(candidates('{ host: b.example }, { host: a.example }', names))).toEqual([
      '10.0.0.1 0 host b.example',
    ]);
    expect(inShort(candidates('{ host: a.example }, { address: 10.0.0.1, priority: 3 }', names))).toEqual([
      '10.0.0.1 0 host a.example',
    ]);
  });

  it('prefers a current address to a held one, and one with traffic to a drained one', () => {
    const names = known(
      ['host held.example', [{ address: ip('10.0.0.1'), held: HELD }]],
      ['host live.example', [{ address: ip('10.0.0.1') }]],
      ['host drained.example', [{ address: ip('10.0.0.1'), drained: true }]],
    );
    const from = (first: string, second: string) =>
      candidates(`{ host: ${first} }, { host: ${second}, priority: 9 }`, names)[0]?.source;
    expect(from('held.example', 'live.example')).toBe('host live.example');
    expect(from('drained.example', 'live.example')).toBe('host live.example');
    expect(from('held.example', 'drained.example')).toBe('host drained.example');
  });

  it('has it once for each port of its SRV records', () => {
    const at = (port: number) => ({ address: ip('10.0.0.1'), port });
    const names = known(['srv _a._tcp.b.example', [at(1), at(2), at(1)]]);
    expect(inShort(candidates('{ srv: _a._tcp.b.example }', names))).toEqual([
      '10.0.0.1:1 0 srv _a._tcp.b.example',
      '10.0.0.1:2 0 srv _a._tcp.b.example',
    ]);
  });
});

describe('isToBeChecked', () => {
  it('is false for a refused address, which keeps its reason', () => {
    const denied = parseCidr('10.66.0.0/16');
    if (denied === undefined) throw new Error('a range');
    const guards = { ...DEFAULT_GUARDS, deniedCidrs: [denied] };
    const names = known([
      'host db.example',
      [{ address: ip('127.0.0.1') }, { address: ip('10.66.1.1') }, { address: ip('10.0.0.1') }],
    ]);
    const found = candidates('{ host: db.example }', names, guards);
    expect(found.map(({ refused }) => refused?.reason)).toEqual([
      'LoopbackAddress',
      'AddressDenied',
      undefined,
    ]);
    expect(found.map(isToBeChecked)).toEqual([false, false, true]);
  });

  it('is false for a drained address', () => {
    const names = known(['host db.example', [{ address: ip('10.0.0.1'), drained: true }]]);
    expect(candidates('{ host: db.example }', names).map(isToBeChecked)).toEqual([false]);
  });
});
