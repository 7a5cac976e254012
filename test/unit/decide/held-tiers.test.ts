import { expect, it } from 'vitest';
import type { DecideInput } from '../../../src/decide/decide.ts';
import { checksOf } from '../../../src/health/check.ts';
import type { CheckId, Health } from '../../../src/health/health.ts';
import type { EndpointSliceObject } from '../../../src/manifest/kube-object.ts';
import { ownershipLabels } from '../../../src/manifest/labels.ts';
import type { Target } from '../../../src/model/target.ts';
import { ip } from '../../support/addresses.ts';
import { healthOf, readinessOf } from '../../support/assessments.ts';
import { decideNow, NO_CLUSTER } from '../../support/decide-now.ts';
import { listOf } from '../../support/targets.ts';

const LIST = listOf(`
  - name: a
    ports: [{ port: 5432 }]
    endpoints: [{ address: 10.0.0.1 }, { address: 10.0.0.2, priority: 1 }]
  - name: b
    ports: [{ port: 5432 }]
    endpoints: [{ address: 10.0.1.1 }, { address: 10.0.1.2, priority: 1 }]
`);

/** Ready as they stand: the primaries. */
function sliceOf({ namespace, name }: Target, primary: string): EndpointSliceObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace,
      name: `${name}-1`,
      uid: `uid-of-${name}`,
      resourceVersion: '1',
      labels: { ...ownershipLabels('default'), 'kubernetes.io/service-name': name },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [primary], conditions: { ready: true } }],
    ports: [{ port: 5432, protocol: 'TCP' }],
  };
}

it('lets a standby stand by while the guard holds its primary in place', () => {
  const primaries = new Map([
    ['a', '10.0.0.1'],
    ['b', '10.0.1.1'],
  ]);
  const health = new Map<CheckId, Health>();
  for (const target of LIST.targets) {
    for (const source of target.endpoints) {
      if (source.kind !== 'address') continue;
      const verdict = source.address === primaries.get(target.name) ? 'unhealthy' : 'healthy';
      for (const check of checksOf(target, [{ address: ip(source.address) }])) {
        health.set(check.id, healthOf(verdict));
      }
    }
  }
  const input: DecideInput = {
    targets: LIST.targets.map((target) => ({
      target,
      existing: { slices: [sliceOf(target, primaries.get(target.name) ?? '')] },
      memory: undefined,
      answers: new Map(),
    })),
    removals: [],
    tallies: new Map(),
    givenLists: new Set(),
    healthOf: (id) => health.get(id),
    guards: { ...LIST.guards, maxDrainPercent: 50 },
    options: {
      instance: 'default',
      adopt: true,
      policy: 'sync',
      allowMassDelete: false,
      acceptDrain: false,
      pruneLists: [],
    },
    hasNoStateStore: false,
    clusterWide: NO_CLUSTER,
    everythingObserved: true,
    everythingRead: true,
  };
  const held = decideNow(input, { wallMs: 0, monotonicMs: 100_000 });
  expect(held.targets.map(({ verdicts }) => readinessOf(verdicts))).toEqual([
    ['10.0.0.1 ready VantageSuspect', '10.0.0.2 not ready Standby'],
    ['10.0.1.1 ready VantageSuspect', '10.0.1.2 not ready Standby'],
  ]);
  const accepted = decideNow(
    { ...input, options: { ...input.options, acceptDrain: true } },
    { wallMs: 0, monotonicMs: 1 },
  );
  expect(accepted.targets.map(({ verdicts }) => readinessOf(verdicts))).toEqual([
    ['10.0.0.1 not ready ConnectionRefused', '10.0.0.2 ready Connected'],
    ['10.0.1.1 not ready ConnectionRefused', '10.0.1.2 ready Connected'],
  ]);
});
