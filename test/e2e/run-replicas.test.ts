import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/embedded/backend.ts';
import { noBackendAddresses } from '../support/backend-address.ts';
import { Stage } from '../support/e2e-stage.ts';
import { waitFor } from '../support/wait-for.ts';
import { atMost, timeUntil, WorkerProcess } from '../support/worker-process.ts';

/** Kubernetes' own timings take half a minute; shorter ones keep the same proportions. */
const TIMINGS =
  process.env.E2E_FULL === '1'
    ? { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 }
    : { leaseDurationMs: 4_000, renewDeadlineMs: 2_500, retryPeriodMs: 500 };

describe.skipIf(noBackendAddresses())('two replicas of run', () => {
  let stage: Stage;
  let list: string;
  let backend: Backend;
  let leader: WorkerProcess;
  let standby: WorkerProcess;

  const start = () =>
    WorkerProcess.start(stage, list, {
      args: [
        `--lease-duration=${TIMINGS.leaseDurationMs}ms`,
        `--renew-deadline=${TIMINGS.renewDeadlineMs}ms`,
        `--retry-period=${TIMINGS.retryPeriodMs}ms`,
      ],
    });
  const serves = async (isUp: boolean) => (await stage.served('db'))[backend.address] === isUp;
  const leads = async (worker: WorkerProcess) => (await worker.metrics()).sum('leader') === 1;

  beforeAll(async () => {
    stage = await Stage.start('replicas');
    backend = await stage.newBackend();
    list = stage.list(
      'targets.yaml',
      `  - { name: db, ports: [{ port: PORT }], publish: { lastReady: drain }, endpoints: [{ address: ${backend.address} }] }\n`,
    );
    leader = start();
    await leader.untilReady();
    await waitFor('the first to write', () => serves(true));
    standby = start();
    await standby.untilReady();
  });
  afterAll(async () => {
    await leader?.[Symbol.asyncDispose]();
    await standby?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  it('are both ready, and one of them writes', async () => {
    expect([await leads(leader), await leads(standby)]).toEqual([true, false]);
    await backend.become('refuse');
    await waitFor('the verdict to be written', () => serves(false));
    await backend.become('accept');
    await waitFor('the verdict to be written', () => serves(true));
    expect((await standby.metrics()).sum('writes_total')).toBe(0);
  });

  it('change the leader within two seconds of its SIGTERM', async () => {
    await backend.become('refuse');
    await waitFor('the standby to know', async () => (await standby.metrics()).sum('probes_total') > 3);
    leader.kill('SIGTERM');
    const tookMs = await timeUntil('the standby to lead', () => leads(standby));
    console.log(`the standby leads ${Math.round(tookMs)} ms after SIGTERM`);
    expect(tookMs).toBeLessThan(atMost(2_000));
    await waitFor('what it knows to be written', () => serves(false));
    expect(await leader.ended).toMatchObject({ code: 0 });
    expect(leader.noise).toBe('');
  });

  it('write again within the lease duration and a second after the leader was killed', async () => {
    const previous = standby;
    const next = start();
    leader = previous;
    standby = next;
    await next.untilReady();
    expect(await leads(previous)).toBe(true);
    previous.kill('SIGKILL');
    await previous.ended;
    await backend.become('accept');
    const fromMs = performance.now();
    const deadlineMs = TIMINGS.leaseDurationMs + 10_000;
    await waitFor('the standby to write', () => serves(true), { deadlineMs });
    const tookMs = performance.now() - fromMs;
    console.log(
      `the standby writes ${Math.round(tookMs)} ms after kill -9, of a lease of ${TIMINGS.leaseDurationMs} ms`,
    );
    expect(tookMs).toBeLessThan(TIMINGS.leaseDurationMs + atMost(1_000));
  });
});
