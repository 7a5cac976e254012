import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/embedded/backend.ts';
import { systemClock } from '../../src/io/system-clock.ts';
import { noBackendAddresses } from '../support/backend-address.ts';
import { Stage } from '../support/e2e-stage.ts';
import { untilStill, waitFor } from '../support/wait-for.ts';
import { atMost, timeUntil, WorkerProcess } from '../support/worker-process.ts';

const OUTAGE_MS = process.env.E2E_FULL === '1' ? 30_000 : 6_000;
const TARGETS = 50;

describe.skipIf(noBackendAddresses())('run with an API server that stops and starts again', () => {
  let stage: Stage;
  let list: string;
  let steady: Backend;
  let failing: Backend;

  beforeAll(async () => {
    stage = await Stage.start('outage');
    [steady, failing] = [await stage.newBackend(), await stage.newBackend()];
    const targets = Array.from({ length: TARGETS }, (_, at) => {
      const endpoints = `endpoints: [{ address: ${steady.address} }, { address: ${failing.address} }]`;
      return `  - { name: db-${at}, ports: [{ port: PORT }], ${endpoints} }\n`;
    });
    // All targets lose an address at once, which the drain guard would suspend.
    list = stage.list('targets.yaml', targets.join(''), { guards: 'maxDrain: 100%' });
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  const serves = async (isUp: boolean) => {
    const { items } = await stage.discovery.listNamespacedEndpointSlice({ namespace: stage.namespace });
    const conditions = items.flatMap(({ endpoints = [] }) =>
      endpoints.filter(({ addresses }) => addresses[0] === failing.address),
    );
    return conditions.length === TARGETS && conditions.every((each) => each.conditions?.ready === isUp);
  };
  /** The outage goes on for so long. */
  const outage = (durationMs: number) => systemClock.sleep(durationMs, new AbortController().signal);

  it('waits for the API server at the start, and reports that', async ({ skip }) => {
    if (stage.cluster.interrupt === undefined) skip('the API server is not ours to stop');
    const resume = await stage.cluster.interrupt?.();
    await using patient = WorkerProcess.start(stage, list);
    await using impatient = WorkerProcess.start(stage, list, { args: ['--startup-timeout', '2s'] });
    expect(await impatient.ended).toMatchObject({ code: 4 });
    expect(impatient.has('StartupTimeout')).toBe(true);
    await waitFor('the other to tell it', () => patient.has('Unreachable'));
    expect((await patient.get('/readyz')).status).toBe(503);
    expect((await patient.get('/healthz')).status).toBe(200);
    await resume?.();
    await patient.untilReady();
    await waitFor('everything to be written', () => serves(true));
    patient.kill('SIGTERM');
    expect(await patient.ended).toMatchObject({ code: 0 });
  });

  it('writes the final state once, with few requests, when the API server is back', async ({ skip }) => {
    if (stage.cluster.interrupt === undefined) skip('the API server is not ours to stop');
    await using worker = WorkerProcess.start(stage, list);
    await worker.untilReady();
    await waitFor('everything to be written', () => serves(true));
    const resume = await stage.cluster.interrupt?.();
    const before = await worker.metrics();
    await outage(OUTAGE_MS / 3);
    await failing.become('refuse');
    await outage((OUTAGE_MS * 2) / 3);
    const during = await worker.metrics();
    await resume?.();
    const tookMs = await timeUntil('what is true to be written', () => serves(false));
    const writesNow = async () => (await worker.metrics()).sum('writes_total');
    await untilStill('the number of writes', writesNow, { stillMs: 2_000 });
    const after = await worker.metrics();
    const requests = (from: typeof before, to: typeof before) =>
      to.sum('api_requests_total') - from.sum('api_requests_total');
    const writes = after.sum('writes_total') - during.sum('writes_total');
    console.log(
      `${OUTAGE_MS / 1000} s away: ${requests(before, during)} requests meanwhile; ${Math.round(tookMs)} ms until ${TARGETS} targets were right, with ${requests(during, after)} requests, ${writes} of them writes of objects`,
    );
    expect(writes).toBe(2 * TARGETS);
    // Tries of the watches, the lease and one plan; nothing that grows with the number of targets.
    expect(requests(before, during)).toBeLessThan(100 + OUTAGE_MS / 50);
    expect(requests(during, after)).toBeLessThan(writes + 200);
    expect(tookMs).toBeLessThan(atMost(15_000));
    expect(worker.has('Reachable')).toBe(true);
    expect(worker.noise).toBe('');
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
  }, 180_000);
});
