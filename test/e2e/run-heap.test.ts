import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noBackendAddresses } from '../support/backend-address.ts';
import { Stage } from '../support/e2e-stage.ts';
import { waitFor } from '../support/wait-for.ts';
import { WorkerProcess } from '../support/worker-process.ts';

const NAMES = 200;
const MEASURES = 5;
/** Seven seconds: both families of each name are queried each second or a little later. */
const QUERIES_BETWEEN = 7 * 2 * NAMES;
const MOST_BYTES = 2_000_000;

describe.skipIf(noBackendAddresses())('run', () => {
  let stage: Stage;
  let worker: WorkerProcess;

  beforeAll(async () => {
    stage = await Stage.start('heap');
    const backend = await stage.newBackend();
    const targets = Array.from({ length: NAMES }, (_, at) => {
      stage.point(`db-${at}`, backend);
      return `  - { name: db-${at}, ports: [{ port: PORT }], endpoints: [{ host: db-${at}.corp.test }] }\n`;
    });
    const list = stage.list('targets.yaml', targets.join(''), { dns: 'minTTL: 1s' });
    worker = WorkerProcess.start(stage, list, { measuresHeap: true });
  }, 120_000);
  afterAll(async () => {
    await worker?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  it(`keeps its heap within 2 MB while ${NAMES} names with a TTL of 1 s do not change`, async () => {
    await worker.untilReady();
    const asked = stage.dns.queries;
    const heaps: number[] = [];
    // The first measure comes when everything is published and the code is compiled.
    for (let measure = 0; measure < MEASURES; measure += 1) {
      const expected = asked + (measure + 1) * QUERIES_BETWEEN;
      await waitFor('the next queries', () => stage.dns.queries > expected, { deadlineMs: 30_000 });
      heaps.push(await worker.heapBytes());
    }
    const queries = stage.dns.queries - asked;
    const shown = heaps.map((bytes) => (bytes / 1e6).toFixed(2)).join(', ');
    console.log(`${NAMES} names, ${queries} queries: heap ${shown} MB`);
    expect((heaps.at(-1) ?? Number.NaN) - (heaps[0] ?? Number.NaN)).toBeLessThan(MOST_BYTES);
  }, 180_000);
});
