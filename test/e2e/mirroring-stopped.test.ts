import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/embedded/backend.ts';
import { noBackendAddresses } from '../support/backend-address.ts';
import { Stage } from '../support/e2e-stage.ts';
import { waitFor } from '../support/wait-for.ts';
import { atMost, timeUntil, WorkerProcess } from '../support/worker-process.ts';

const MIRRORED_BY = 'endpointslicemirroring-controller.k8s.io';
/** Two failures, 50 ms apart, within a second of the interval; and a second to write them. */
const OUT_WITHIN_MS = 1_000 + 100 + 1_000;
/** How long an adoption waits for the mirroring controller, and a second to see that it does not come. */
const DELETED_WITHIN_MS = 10_000 + 2_000;

describe.skipIf(noBackendAddresses() || process.env.E2E_KUBECONFIG)(
  'run where the mirroring controller has stopped',
  () => {
    let stage: Stage;
    let living: Backend;
    let dying: Backend;
    let worker: WorkerProcess;

    beforeAll(async () => {
      stage = await Stage.start('mirroring-stopped', { controllers: false });
      [living, dying] = [await stage.newBackend(), await stage.newBackend()];
      await handKeep('adopted');
      await mirrorOf('adopted');
      const target = (name: string) =>
        `  - { name: ${name}, adopt: ${name === 'adopted'}, ports: [{ name: db, port: PORT }], endpoints: [{ address: ${living.address} }, { address: ${dying.address} }], healthCheck: { interval: 1s, fastInterval: 50ms, unhealthyThreshold: 2, healthyThreshold: 1 } }\n`;
      const list = stage.list('targets.yaml', `${target('ours')}${target('adopted')}${target('other')}`);
      worker = WorkerProcess.start(stage, list);
      await worker.untilReady();
      await waitFor('ours to be served', async () => (await readySlices('ours')).length === 2);
    });
    afterAll(async () => {
      await worker?.[Symbol.asyncDispose]();
      await stage?.[Symbol.asyncDispose]();
    });

    async function handKeep(name: string): Promise<void> {
      const { core, namespace, port } = stage;
      const ports = [{ name: 'db', port, protocol: 'TCP' }];
      await core.createNamespacedService({ namespace, body: { metadata: { name }, spec: { ports } } });
      const addresses = [{ ip: living.address }, { ip: dying.address }];
      const body = { metadata: { name }, subsets: [{ addresses, ports }] };
      await core.createNamespacedEndpoints({ namespace, body });
    }

    /** As the controller made it before it stopped. */
    async function mirrorOf(name: string): Promise<void> {
      const labels = {
        'kubernetes.io/service-name': name,
        'endpointslice.kubernetes.io/managed-by': MIRRORED_BY,
      };
      await stage.discovery.createNamespacedEndpointSlice({
        namespace: stage.namespace,
        body: {
          metadata: { name: `${name}-mirrored`, labels },
          addressType: 'IPv4',
          ports: [{ name: 'db', port: stage.port, protocol: 'TCP' }],
          endpoints: [living, dying].map(({ address }) => ({
            addresses: [address],
            conditions: { ready: true },
          })),
        },
      });
    }

    /** Addresses that any slice of the Service has as ready, with contradictions named. */
    async function readySlices(name: string): Promise<string[]> {
      const said = new Map<string, Set<boolean>>();
      for (const { endpoints } of await stage.slicesOf(name)) {
        for (const { addresses, conditions } of endpoints ?? []) {
          const address = addresses[0] ?? '';
          said.set(address, (said.get(address) ?? new Set()).add(conditions?.ready ?? true));
        }
      }
      const contradicted = [...said].filter(([, readiness]) => readiness.size > 1);
      expect(contradicted).toEqual([]);
      return [...said].flatMap(([address, readiness]) => (readiness.has(true) ? [address] : []));
    }

    const isMirrored = async (name: string) =>
      (await stage.slicesOf(name)).some(({ metadata }) => metadata?.name === `${name}-mirrored`);

    it('an adoption deletes the mirrored slice that still exists ten seconds after skip-mirror', async () => {
      await waitFor(
        'our slice beside the mirrored one',
        async () => (await stage.slicesOf('adopted')).length === 2,
      );
      const isGone = async () => {
        expect(await readySlices('adopted')).toHaveLength(2);
        return !(await isMirrored('adopted'));
      };
      const tookMs = await timeUntil('the mirrored slice to be gone', isGone, {
        deadlineMs: DELETED_WITHIN_MS + 10_000,
      });
      console.log(`the adoption deleted the mirrored slice after ${Math.round(tookMs)} ms`);
      expect(tookMs).toBeGreaterThan(7_000);
      expect(tookMs).toBeLessThan(atMost(DELETED_WITHIN_MS));
    });

    it('a mirrored slice that is left behind beside ours is deleted at once', async () => {
      await mirrorOf('ours');
      const tookMs = await timeUntil(
        'the mirrored slice to be gone',
        async () => !(await isMirrored('ours')),
      );
      expect(tookMs).toBeLessThan(atMost(OUT_WITHIN_MS));
    });

    it('a backend that dies leaves every slice within its thresholds and a second', async () => {
      await dying.become('refuse');
      for (const name of ['ours', 'adopted']) {
        const isOut = async () => !(await readySlices(name)).includes(dying.address);
        const tookMs = await timeUntil(`the dead backend to leave ${name}`, isOut);
        console.log(`the dead backend left ${name} after ${Math.round(tookMs)} ms`);
        expect(tookMs).toBeLessThan(atMost(OUT_WITHIN_MS));
        expect(await readySlices(name)).toEqual([living.address]);
      }
    });
  },
);
