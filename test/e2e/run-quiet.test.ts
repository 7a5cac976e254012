import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noBackendAddresses } from '../support/backend-address.ts';
import { Stage } from '../support/e2e-stage.ts';
import { WorkerProcess } from '../support/worker-process.ts';

const FULL = process.env.E2E_FULL === '1';
const TARGETS = FULL ? 1_000 : 100;
const QUIET_MS = FULL ? 60_000 : 8_000;

describe.skipIf(noBackendAddresses())('a worker whose world does not change', () => {
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

  it('asks and writes nothing but its lease', async () => {
    const settled = async () => (await worker.metrics()).sum('targets', { phase: 'Published' }) === TARGETS;
    await worker.untilReady();
    for (let rounds = 0; !(await settled()); rounds++) {
      if (rounds > 600) throw new Error('not everything is published');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    const versions = await untilStill();
    const before = await worker.metrics();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    const after = await worker.metrics();
    const grown = (name: string, labels = {}) => after.sum(name, labels) - before.sum(name, labels);
    const requests = (verb: string) => grown('api_requests_total', { verb });
    console.log(
      `${TARGETS} targets, ${QUIET_MS / 1000} s: ${requests('PUT')} renewals of the lease, ${requests('GET')} reads, ${grown('writes_total')} writes; ${grown('probes_total')} probes, ${grown('dns_answers_total')} DNS answers, ${grown('decisions_total')} decisions`,
    );
    expect(await stage.versions()).toEqual(versions);
    expect([requests('GET'), requests('POST'), requests('PATCH'), requests('DELETE')]).toEqual([0, 0, 0, 0]);
    expect(requests('PUT')).toBeLessThanOrEqual(QUIET_MS / 2_000 + 1);
    expect(grown('probes_total')).toBeGreaterThan(0);
    expect(grown('dns_answers_total')).toBeGreaterThan(0);
  }, 300_000);

  /** What is learned in the first seconds, and written with the state, is not what this is about. */
  async function untilStill(): Promise<Record<string, string | undefined>> {
    const writes = async () => (await worker.metrics()).sum('api_requests_total', { verb: 'PATCH' });
    for (let tries = 0, last = -1; tries < 20; tries++) {
      const next = await writes();
      if (next === last) return stage.versions();
      last = next;
      // State is written every five seconds at most.
      await new Promise((resolve) => setTimeout(resolve, 6_000));
    }
    throw new Error('it writes and writes');
  }
});
