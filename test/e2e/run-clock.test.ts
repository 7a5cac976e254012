import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/embedded/backend.ts';
import { noBackendAddresses } from '../support/backend-address.ts';
import { Stage } from '../support/e2e-stage.ts';
import { waitFor } from '../support/wait-for.ts';
import { WorkerProcess } from '../support/worker-process.ts';

const EVERY_SECOND = '* * * * * *';
/** Not while a test runs, unless it runs on a leap day at midnight. */
const NEVER = '0 0 29 2 *';

let stage: Stage;
let backend: Backend;
let list: string;

beforeAll(async () => {
  if (noBackendAddresses()) return;
  stage = await Stage.start('clock');
  backend = await stage.newBackend();
  const target = `  - { name: db, ports: [{ port: PORT }], endpoints: [{ address: ${backend.address} }] }\n`;
  list = stage.list('targets.yaml', target);
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const isServed = async () => (await stage.served('db'))[backend.address] === true;

describe.skipIf(noBackendAddresses())('run', () => {
  it('writes only at the times of --schedule', async () => {
    await using asleep = WorkerProcess.start(stage, list, { args: ['--schedule', NEVER] });
    await waitFor('it to lead', () => asleep.has('Leading'));
    expect((await asleep.get('/healthz')).status).toBe(200);
    expect((await asleep.get('/readyz')).status).toBe(200);
    await asleep.end();
    expect(asleep.has('PassDone')).toBe(false);
    expect(await isServed()).toBe(false);

    await using worker = WorkerProcess.start(stage, list, { args: ['--schedule', EVERY_SECOND] });
    const passes = () => worker.log.filter(({ reason }) => reason === 'PassDone');
    await waitFor('some passes', () => passes().length >= 3);
    expect(await isServed()).toBe(true);
    expect(passes()[0]).toMatchObject({ created: 3 });
    expect(passes()[1]).toMatchObject({ created: 0, updated: 0, deleted: 0, unchanged: 1 });

    // The list is read anew each time, and a broken one changes nothing.
    stage.list('targets.yaml', '  - { name: db, prots: [] }\n');
    await waitFor('the broken list to be told', () => worker.has('InvalidTargetList'));
    expect((await worker.get('/readyz')).status).toBe(503);
    const metrics = await worker.metrics();
    expect([metrics.sum('leader'), metrics.sum('targets', { phase: 'Published' })]).toEqual([1, 1]);
    expect(await isServed()).toBe(true);
    const sofar = passes().length;
    stage.list(
      'targets.yaml',
      `  - { name: db, ports: [{ port: PORT }], endpoints: [{ address: ${backend.address} }] }\n`,
    );
    await waitFor('the next pass', () => passes().length > sofar);
    expect(await worker.end()).toMatchObject({ code: 0 });
  });

  it('reads a list in a ConfigMap at the times of --schedule', async () => {
    const target = `  - { name: db, ports: [{ port: PORT }], endpoints: [{ address: ${backend.address} }] }\n`;
    const data = { 'list.yaml': readFileSync(stage.list('list.yaml', target), 'utf8') };
    const { namespace } = stage;
    await stage.core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'list' }, data } });
    const args = ['--configmap', `${namespace}/list`, '--schedule', EVERY_SECOND];
    await using worker = WorkerProcess.start(stage, args);
    await waitFor('a pass', () => worker.log.some(({ reason }) => reason === 'PassDone'));
    expect(await isServed()).toBe(true);
    const rename = (names: string[]) => ({
      namespace,
      name: 'list',
      body: { metadata: { name: 'list' }, data: Object.fromEntries(names.map((name) => [name, target])) },
    });
    await stage.core.replaceNamespacedConfigMap(rename(['notes.txt']));
    await waitFor('the missing key to be told', () => worker.has('InvalidTargetList'));
    expect(await isServed()).toBe(true);
    await stage.core.deleteNamespacedConfigMap({ namespace, name: 'list' });
    expect(await worker.end()).toMatchObject({ code: 0 });
  });

  it('reads everything again at the times of --resync, also without drift', async () => {
    await using quiet = WorkerProcess.start(stage, list);
    await quiet.untilReady();
    await waitFor('it to be served', isServed);
    await quiet.end();
    await using worker = WorkerProcess.start(stage, list, { args: ['--resync', EVERY_SECOND] });
    await worker.untilReady();
    const before = await worker.metrics();
    let after = before;
    const grown = (name: string, labels = {}) => after.sum(name, labels) - before.sum(name, labels);
    // The first of the four may have read already what it decided on.
    await waitFor('four decisions', async () => {
      after = await worker.metrics();
      return grown('reconcile_total') >= 4;
    });
    expect(grown('api_requests_total', { verb: 'GET' })).toBeGreaterThanOrEqual(9);
    expect(after.sum('writes_total')).toBe(0);
    expect(await worker.end()).toMatchObject({ code: 0 });
  });

  it('rejects an unknown --timezone', async () => {
    const args = ['--resync', EVERY_SECOND, '--timezone', 'Mars/Olympus'];
    await using worker = WorkerProcess.start(stage, list, { args });
    const ended = await worker.ended;
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(
      /^error: option '--timezone <name>' argument 'Mars\/Olympus' is invalid. There is no such zone/,
    );
  });

  it('rejects an invalid cron expression before it starts', async () => {
    await using worker = WorkerProcess.start(stage, list, { args: ['--resync', 'every day'] });
    const ended = await worker.ended;
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/^error: --resync "every day" is not a cron expression: /);
  });
});
