import { describe, expect, it } from 'vitest';
import { entriesOf } from '../../../src/manifest/endpoint-entry.ts';
import { buildEndpoints, MAX_ENDPOINTS_ADDRESSES } from '../../../src/manifest/endpoints.ts';
import { assessed } from '../../support/assessments.ts';
import { nthAddress } from '../../support/slices.ts';
import { targetOf } from '../../support/targets.ts';

const TARGET = targetOf('ports: [{ port: 5432 }], endpoints: [{ address: 10.0.0.1 }]');

/** Endpoints of this many addresses; `isDown` says which are not ready. */
function endpointsOf(count: number, isDown: (n: number) => boolean = () => false) {
  const assessments = Array.from({ length: count }, (_, n) =>
    assessed(nthAddress(n), isDown(n) ? 'unhealthy' : 'healthy'),
  );
  return buildEndpoints(TARGET, 'default', entriesOf(assessments, TARGET));
}

describe('buildEndpoints', () => {
  it('puts ready and not-ready addresses into one subset, sorted', () => {
    expect(endpointsOf(4, (n) => n === 1).subsets).toEqual([
      {
        addresses: [{ ip: '10.0.0.0' }, { ip: '10.0.0.2' }, { ip: '10.0.0.3' }],
        notReadyAddresses: [{ ip: '10.0.0.1' }],
        ports: [{ name: 'p', port: 5432, protocol: 'TCP' }],
      },
    ]);
  });

  it('makes no subset without an address, because the API rejects an empty one', () => {
    expect(endpointsOf(0)).not.toHaveProperty('subsets');
  });

  it('makes a subset for each set of ports with the same readiness', () => {
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

  it('makes a subset of its own for a port without a name', () => {
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

  it('says over-capacity only above 1,000 addresses', () => {
    expect(endpointsOf(MAX_ENDPOINTS_ADDRESSES).metadata).not.toHaveProperty('annotations');
    expect(endpointsOf(MAX_ENDPOINTS_ADDRESSES + 1).metadata.annotations).toEqual({
      'endpoints.kubernetes.io/over-capacity': 'truncated',
    });
  });

  it('leaves out not-ready addresses first', () => {
    // Every third of 1,400 is down: 933 are ready, and there is room for 67 others.
    const [subset] = endpointsOf(1_400, (n) => n % 3 === 0).subsets ?? [];
    expect(subset?.addresses).toHaveLength(933);
    expect(subset?.notReadyAddresses).toHaveLength(67);
    const [all] = endpointsOf(1_400).subsets ?? [];
    expect(all?.addresses).toHaveLength(1_000);
    expect(all).not.toHaveProperty('notReadyAddresses');
  });
});
