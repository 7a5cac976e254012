import { describe, expect, it } from 'vitest';
import { parseTargetList } from '../../../src/config/target-list.ts';
import { resolveAddresses } from '../../../src/decide/resolve-addresses.ts';
import type { EndpointsObject } from '../../../src/manifest/kube-object.ts';
import { DEFAULT_GUARDS } from '../../../src/model/guards.ts';
import { NO_CLUSTER } from '../../support/decide-now.ts';

const LIST = `apiVersion: external-endpoints/v1
kind: TargetList
targets:
  - name: db
    namespace: shop
    adopt: true
    ports: [{ port: 5432 }]
    endpoints: [{ host: db.example }]
`;

const HAND_KEPT: EndpointsObject = {
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name: 'db', namespace: 'shop' },
  subsets: [
    { addresses: [{ ip: '10.0.0.7' }], notReadyAddresses: [{ ip: '10.0.0.8' }], ports: [{ port: 5432 }] },
  ],
};

describe('a target that is adopted', () => {
  it('counts hand-kept Endpoints as served although nothing has been mirrored yet', () => {
    const parsed = parseTargetList(LIST, 'list.yaml');
    if (!parsed.ok) throw new Error('the list is in order');
    const [target] = parsed.list.targets;
    if (target === undefined) throw new Error('the list has a target');
    const moment = {
      target,
      existing: { endpoints: HAND_KEPT, slices: [] },
      memory: undefined,
      answers: new Map(),
    };
    const { known } = resolveAddresses(
      moment,
      {
        healthOf: () => undefined,
        hasNoStateStore: false,
        guards: DEFAULT_GUARDS,
        options: { instance: 'default' },
        clusterWide: NO_CLUSTER,
      },
      { wallMs: 0, monotonicMs: 1_000 },
    );
    expect(known.get('host db.example')?.map(({ address }) => address)).toEqual(['10.0.0.7', '10.0.0.8']);
  });
});
