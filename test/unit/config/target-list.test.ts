import { expect, test } from 'vitest';
import { parseTargetList } from '../../../src/config/target-list.ts';

const MINIMAL = `
apiVersion: external-endpoints/v1
kind: TargetList
targets:
  - name: orders-db
    ports: [{ port: 5432 }]
    endpoints: [{ address: 10.20.0.5 }]
`;

test('A target with only the required fields has every default', () => {
  expect(parseTargetList(MINIMAL, 'list.yaml')).toEqual({
    ok: true,
    list: {
      targets: [
        {
          namespace: 'default',
          name: 'orders-db',
          ports: [{ name: '', port: 5432, targetPort: 5432, protocol: 'TCP' }],
          endpoints: [
            {
              kind: 'address',
              address: '10.20.0.5',
              priority: 0,
              declaredAt: { source: 'list.yaml', line: 7, column: 28 },
            },
          ],
          dns: {
            servers: [],
            minTtlMs: 5_000,
            maxTtlMs: 300_000,
            hosts: false,
            hold: { obsoleteMs: 30_000, notFoundMs: 300_000, failureMs: Number.POSITIVE_INFINITY },
          },
          healthCheck: {
            kind: { type: 'tcp' },
            ports: [],
            intervalMs: 10_000,
            fastIntervalMs: 1_000,
            timeoutMs: 2_000,
            healthyThreshold: 2,
            unhealthyThreshold: 3,
            oneShot: 'verdict',
          },
          publish: {
            resources: ['EndpointSlice', 'Endpoints'],
            unhealthy: 'notReady',
            panicThresholdPercent: 0,
            lastReady: 'keep',
          },
          service: { create: true, type: 'ClusterIP', labels: {}, annotations: {} },
          adopt: false,
          deletionPolicy: 'Delete',
          declaredAt: { source: 'list.yaml', line: 5, column: 5 },
        },
      ],
      guards: { maxDrainPercent: 50, maxDeletesPercent: 30, allowedCidrs: [], deniedCidrs: [] },
      lists: [{ given: 'list.yaml' }],
    },
  });
});
