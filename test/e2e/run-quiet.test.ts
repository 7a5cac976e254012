import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noBackendAddresses } from '../support/backend-address.ts';
import { Stage } from '../support/e2e-stage.ts';
import type { MetricsReading } from '../support/metrics-reading.ts';
import { untilStill, waitFor } from '../support/wait-for.ts';
import { WorkerProcess } from '../support/worker-process.ts';

const FULL = process.env.E2E_FULL === '1';
const TARGETS = FULL ? 1_000 : 100;
/** The lease is renewed every two seconds. */
const RENEWALS = FULL ? 30 : 4;

describe.skipIf(noBackendAddresses())('run while nothing changes', () => {
  let stage: Stage;
  let worker: WorkerProcess;

  beforeAll(async () => {
    stage = await Stage.start('quiet');
    const [first, second] = [await stage.newBackend(), await stage.newBackend()];
    stage.point('pair', first, second);
    const targets = Array.from({ length: TARGETS }, (_, at) => {
      const source = at % 2 === 0 ? `address: ${first.address}` : 'host: pair.corp.test';
      return `  - { name: db-${at}, ports: [{ port: PORT }], endpoints: [{ ${source} }] }\n`;
    });
    worker = WorkerProcess.start(stage, stage.list('targets.yaml', targets.join('')));
  }, 120_000);
  afterAll(async () => {
    await worker?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  it('reads nothing, and writes only its lease', async () => {
    const settled = async () => (await worker.metrics()).sum('targets', { phase: 'Published' }) === TARGETS;
    await worker.untilReady();
    await waitFor('every target to be published', settled, { deadlineMs: 120_000, everyMs: 200 });
    // What is learned in the first seconds is written with the state, every five seconds at most.
    const writes = async () => (await worker.metrics()).sum('api_requests_total', { verb: 'PATCH' });
    await untilStill('the number of writes', writes, { stillMs: 6_000, deadlineMs: 120_000 });
    const versions = await stage.versions();
    const fromMs = performance.now();
    const before = await worker.metrics();
    const renewals = (metrics: MetricsReading) => metrics.sum('api_requests_total', { verb: 'PUT' });
    let after = before;
    const isRenewed = async () => {
      after = await worker.metrics();
      return renewals(after) - renewals(before) >= RENEWALS;
    };
    await waitFor(`${RENEWALS} renewals of the lease`, isRenewed, { deadlineMs: RENEWALS * 10_000 });
    const quietMs = performance.now() - fromMs;
    const grown = (name: string, labels = {}) => after.sum(name, labels) - before.sum(name, labels);
    const requests = (verb: string) => grown('api_requests_total', { verb });
    console.log(
      `${TARGETS} targets, ${Math.round(quietMs / 1000)} s: ${requests('PUT')} renewals of the lease, ${requests('GET')} reads, ${grown('writes_total')} writes; ${grown('probes_total')} probes, ${grown('dns_answers_total')} DNS answers, ${grown('reconcile_total')} decisions`,
    );
    expect(await stage.versions()).toEqual(versions);
    expect([requests('GET'), requests('POST'), requests('PATCH'), requests('DELETE')]).toEqual([0, 0, 0, 0]);
    expect(requests('PUT')).toBeLessThanOrEqual(quietMs / 2_000 + 1);
    expect(grown('probes_total')).toBeGreaterThan(0);
    expect(grown('dns_answers_total')).toBeGreaterThan(0);
  }, 300_000);
});
