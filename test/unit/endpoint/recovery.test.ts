import { describe, expect, it } from 'vitest';
import type { HeldName } from '../../../src/endpoint/hold.ts';
import { recoveredFrom, type ServedAddress, type Sources } from '../../../src/endpoint/recovery.ts';
import { NO_ROTATION } from '../../../src/endpoint/rotation.ts';
import { ip } from '../../support/addresses.ts';
import { targetOf } from '../../support/targets.ts';

const MIXED = '[{ address: 10.0.0.1 }, { host: db.example }]';

function held(changes: Partial<HeldName>): HeldName {
  return { answeredAtMs: 0, rotation: NO_ROTATION, addresses: [], departed: [], ...changes };
}

function recovered(
  endpoints: string,
  sources: Sources,
  remembered: readonly HeldName[],
  ...published: readonly string[]
): string[] {
  const served = published.map((text): ServedAddress => {
    const [address = '', port = '5432'] = text.split(':');
    return { address: ip(address), port: Number(port) };
  });
  const subject = targetOf(`ports: [{ port: 5432 }], endpoints: ${endpoints}`);
  return recoveredFrom(sources, subject, remembered, served).map(({ address, port }) => `${address}:${port}`);
}

describe('recoveredFrom', () => {
  const before: Sources = ['host db.example', '10.0.0.1'];
  const nothing: HeldName[] = [];

  it('returns published addresses that are missing from the memory', () => {
    expect(recovered(MIXED, before, nothing, '10.0.0.8')).toEqual(['10.0.0.8:5432']);
    expect(recovered(MIXED, [], nothing, '10.0.0.8')).toEqual(['10.0.0.8:5432']);
  });

  it('leaves out addresses that the list has, or had', () => {
    expect(recovered(MIXED, before, nothing, '10.0.0.1')).toEqual([]);
    expect(recovered('[{ host: db.example }]', before, nothing, '10.0.0.1')).toEqual([]);
  });

  it('returns nothing when a name has left the list', () => {
    expect(recovered('[{ host: other.example }]', before, nothing, '10.0.0.8')).toEqual([]);
  });

  it('returns addresses although a name is new in the list', () => {
    const both = '[{ host: db.example }, { host: other.example }]';
    expect(recovered(both, before, nothing, '10.0.0.8')).toEqual(['10.0.0.8:5432']);
  });

  it('leaves out addresses that are held, or that left the answers', () => {
    const known = held({
      addresses: [{ answer: { address: ip('10.0.0.2') }, missedAnswers: 0 }],
      departed: [{ answer: { address: ip('10.0.0.3') }, missedAnswers: 4 }],
    });
    expect(recovered(MIXED, before, [known], '10.0.0.2', '10.0.0.3', '10.0.0.4')).toEqual(['10.0.0.4:5432']);
  });

  it('compares the port, too, for addresses from SRV', () => {
    const answer = { address: ip('10.0.0.2'), port: 7000 };
    const known = held({ addresses: [{ answer, missedAnswers: 0 }] });
    const after = ['srv _db._tcp.example'];
    expect(
      recovered('[{ srv: _db._tcp.example }]', after, [known], '10.0.0.2:7000', '10.0.0.2:7001'),
    ).toEqual(['10.0.0.2:7001']);
  });
});
