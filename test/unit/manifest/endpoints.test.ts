import { describe, expect, it } from 'vitest';
import { entriesOf } from '../../../src/manifest/endpoint-entry.ts';
import { buildEndpoints, MAX_ENDPOINTS_ADDRESSES } from '../../../src/manifest/endpoints.ts';
import { assessed } from '../../support/assessments.ts';
import { nthAddress } from '../../support/slices.ts';
import { targetOf } from '../../support/targets.ts';

const TARGET = targetOf('ports: [{ port: 5432 }], endpoints: [{ address: 10.0.0.1 }]');

/** Endpoints of so many addresses, of which these are not ready. */
function endpointsOf(count: number, isDown: (n: number) => boolean = () => false) {
  const assessments = Array.from({ length: count }, (_, n) =>
    assessed(nthAddress(n), isDown(n) ? 'unhealthy' : 'healthy'),
  );
  return buildEndpoints(TARGET, 'default', entriesOf(assessments, TARGET));
}

describe('Endpoints', () => {
  it('have ready and not ready addresses in one subset, in the order of the addresses', () => {
    expect(endpointsOf(4, (n) => n === 1).subsets).toEqual([
      {
        addresses: [{ ip: '10.0.0.0' }, { ip: '10.0.0.2' }, { ip: '10.0.0.3' }],
        notReadyAddresses: [{ ip: '10.0.0.1' }],
        ports: [{ name: 'p', port: 5432, protocol: 'TCP' }],
      },
    ]);
  });

  it('have no subsets when there is no address: an empty subset would be refused', () => {
    expect(endpointsOf(0)).not.toHaveProperty('subsets');
  });

  it('have a subset for each set of ports that share a verdict', () => {
    const [one] = assessed('10.0.0.1', 'healthy').ports;
    if (one === undefined) throw new Error('an assessment has a port');
    const pg = { ...one, name: 'pg', port: 5432 };
    const admin = { ...one, name: 'admin', port: 8080 };
    const assessments = [
      {
        ...assessed('10.0.0.1', 'healthy'),
        ports: [pg, { ...admin, ready: false, reason: 'ConnectionRefused' }],
      },
      { ...assessed('10.0.0.2', 'healthy'), ports: [pg, admin] },
    ];
    const { subsets } = buildEndpoints(TARGET, 'default', entriesOf(assessments, TARGET));
    const port = (name: string, number: number) => ({ name, port: number, protocol: 'TCP' });
    expect(subsets).toEqual([
      { notReadyAddresses: [{ ip: '10.0.0.1' }], ports: [port('admin', 8080)] },
      { addresses: [{ ip: '10.0.0.2' }], ports: [port('admin', 8080), port('pg', 5432)] },
      { addresses: [{ ip: '10.0.0.1' }], ports: [port('pg', 5432)] },
    ]);
  });

  it('have a subset for the port without a name: beside others it would need one', () => {
    const [one] = assessed('10.0.0.1', 'healthy').ports;
    if (one === undefined) throw new Error('an assessment has a port');
    const assessments = [
      {
        ...assessed('10.0.0.1', 'healthy'),
        ports: [
          { ...one, name: '' },
          { ...one, name: 'pg' },
        ],
      },
    ];
    const { subsets } = buildEndpoints(TARGET, 'default', entriesOf(assessments, TARGET));
    expect(subsets?.map(({ ports }) => ports)).toEqual([
      [{ port: 5432, protocol: 'TCP' }],
      [{ name: 'pg', port: 5432, protocol: 'TCP' }],
    ]);
  });

  it('say that they are cut off only when they are', () => {
    expect(endpointsOf(MAX_ENDPOINTS_ADDRESSES).metadata).not.toHaveProperty('annotations');
    expect(endpointsOf(MAX_ENDPOINTS_ADDRESSES + 1).metadata.annotations).toEqual({
      'endpoints.kubernetes.io/over-capacity': 'truncated',
    });
  });

  it('leave out what takes no traffic first', () => {
    // Every third of 1,400 is down: 933 are ready, and 67 of the others have room.
    const [subset] = endpointsOf(1_400, (n) => n % 3 === 0).subsets ?? [];
    expect(subset?.addresses).toHaveLength(933);
    expect(subset?.notReadyAddresses).toHaveLength(67);
    const [all] = endpointsOf(1_400).subsets ?? [];
    expect(all?.addresses).toHaveLength(1_000);
    expect(all).not.toHaveProperty('notReadyAddresses');
  });
});
