import { rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backend } from '../../src/embedded/backend.ts';
import { noBackendAddresses } from '../support/backend-address.ts';
import { Stage } from '../support/e2e-stage.ts';
import { untilStill, waitFor } from '../support/wait-for.ts';
import { atMost, timeUntil, WorkerProcess } from '../support/worker-process.ts';

let stage: Stage;
let backend: Backend;

/** A list of targets with these names and one address. */
function listOf(...names: readonly string[]): string {
  const targets = names.map(
    (name) =>
      `  - { name: ${name}, ports: [{ port: ${stage.port} }], endpoints: [{ address: ${backend.address} }] }\n`,
  );
  return `apiVersion: external-endpoints/v1\nkind: TargetList\nmetadata: { name: list }\ndefaults: { namespace: ${stage.namespace} }\ntargets:\n${targets.join('')}`;
}

async function publishes(...names: readonly string[]): Promise<boolean> {
  const { items } = await stage.discovery.listNamespacedEndpointSlice({ namespace: stage.namespace });
  const served = items
    .filter(({ endpoints }) => endpoints?.[0]?.conditions?.ready === true)
    .map(({ metadata }) => metadata?.labels?.['kubernetes.io/service-name']);
  return JSON.stringify(served.toSorted()) === JSON.stringify(names.toSorted());
}

/** Every object of ours but the worker's own state, with its version, when nothing is on its way any more. */
async function versionsAtRest(): Promise<Record<string, string | undefined>> {
  const read = async () => {
    const kept = Object.entries(await stage.versions());
    return Object.fromEntries(kept.filter(([key]) => !key.startsWith('ConfigMap external-endpoints-')));
  };
  return untilStill('the objects', read, { stillMs: 300, everyMs: 100 });
}

async function within(limitMs: number, what: string, condition: () => Promise<boolean>): Promise<void> {
  const tookMs = await timeUntil(what, condition);
  console.log(`${what}: ${Math.round(tookMs)} ms`);
  expect(tookMs).toBeLessThan(atMost(limitMs));
}

describe.skipIf(noBackendAddresses())('the list of run', () => {
  beforeAll(async () => {
    stage = await Stage.start('list');
    backend = await stage.newBackend();
  });
  afterAll(() => stage?.[Symbol.asyncDispose]());

  describe('in a file', () => {
    let path: string;
    let worker: WorkerProcess;
    beforeAll(async () => {
      path = stage.file('targets.yaml', listOf('a', 'b', 'c', 'd'));
      worker = WorkerProcess.start(stage, path);
      await worker.untilReady();
      await waitFor('all to be published', () => publishes('a', 'b', 'c', 'd'));
    });
    afterAll(() => worker?.end());

    it('applies an edit within a second, and writes only the edited targets', async () => {
      const before = await versionsAtRest();
      writeFileSync(path, listOf('a', 'b', 'c', 'd', 'e'));
      await within(1_000, 'an edit of a file published', () => publishes('a', 'b', 'c', 'd', 'e'));
      const after = await versionsAtRest();
      const touched = Object.keys(after).filter((key) => after[key] !== before[key]);
      expect(touched.toSorted()).toEqual(['EndpointSlice e-ipv4-0', 'Endpoints e', 'Service e']);
    });

    it('keeps the last good list active while the file is broken, empty or deleted, and reports that', async () => {
      const broken = listOf('a').replace('ports:', 'prots:');
      const empty = 'apiVersion: external-endpoints/v1\nkind: TargetList\ntargets: []\n';
      const before = await versionsAtRest();
      const reads = async (result: string) => (await worker.metrics()).sum('list_reads_total', { result });
      writeFileSync(path, broken);
      await waitFor('the broken list to be told', async () => (await reads('InvalidTargetList')) > 0);
      await waitFor('its line and column', () => worker.log.some(({ msg }) => msg.includes(`${path}:6:`)));
      writeFileSync(path, empty);
      await waitFor('the empty list to be told', async () => (await reads('EmptyTargetList')) > 0);
      const soFar = await reads('InvalidTargetList');
      rmSync(path);
      await waitFor('the absence to be told', async () => (await reads('InvalidTargetList')) > soFar);
      expect((await worker.get('/readyz')).status).toBe(200);
      expect(await versionsAtRest()).toEqual(before);
      writeFileSync(path, listOf('a', 'b', 'c', 'd'));
      await within(1_000, 'a repaired list, and a target that left it', () => publishes('a', 'b', 'c', 'd'));
    });
  });

  describe('in a ConfigMap', () => {
    let worker: WorkerProcess;
    const place = () => ({ name: 'targets', namespace: stage.namespace });
    const write = async (data: Record<string, string>) => {
      const body = { metadata: { ...place(), labels: { 'external-endpoints': 'list' } }, data };
      const { items } = await stage.core.listNamespacedConfigMap({ namespace: stage.namespace });
      const isThere = items.some(({ metadata }) => metadata?.name === 'targets');
      if (isThere) await stage.core.replaceNamespacedConfigMap({ ...place(), body });
      else await stage.core.createNamespacedConfigMap({ namespace: stage.namespace, body });
    };
    const eventsNow = async () => {
      const { items } = await stage.core.listNamespacedEvent({ namespace: stage.namespace });
      return items.filter(({ involvedObject }) => involvedObject.kind === 'ConfigMap');
    };

    beforeAll(async () => {
      await write({ 'some.yaml': listOf('a', 'b'), 'more.yaml': listOf('c', 'd') });
      // The list goes on under the name that it had as a file.
      const reference = `${stage.namespace}/?external-endpoints=list`;
      worker = WorkerProcess.start(stage, ['--configmap', reference, '--list-name', 'list']);
      await worker.untilReady();
      await waitFor('all to be published', () => publishes('a', 'b', 'c', 'd'));
    });
    afterAll(() => worker?.end());

    it('applies an edit within a second', async () => {
      await write({ 'some.yaml': listOf('a', 'b'), 'more.yaml': listOf('c', 'd', 'e') });
      await within(1_000, 'an edit of a ConfigMap published', () => publishes('a', 'b', 'c', 'd', 'e'));
    });

    it('keeps the last good content of a broken key active, with an Event that names the place', async () => {
      const broken = listOf('a').replace('ports:', 'prots:');
      await write({ 'some.yaml': broken, 'more.yaml': listOf('c', 'd', 'e', 'f') });
      await within(1_000, 'the other key published', () => publishes('a', 'b', 'c', 'd', 'e', 'f'));
      await waitFor('the Event', async () => (await eventsNow()).length === 1);
      const [event] = await eventsNow();
      expect(event).toMatchObject({
        type: 'Warning',
        reason: 'InvalidTargetList',
        involvedObject: { kind: 'ConfigMap', name: 'targets' },
      });
      expect(event?.message).toContain('line 6');
      expect(event?.message).toContain('did you mean ports?');
      await write({ 'some.yaml': listOf('a', 'b'), 'more.yaml': listOf('c', 'd', 'e') });
      await within(1_000, 'the repaired list', () => publishes('a', 'b', 'c', 'd', 'e'));
    });

    it('keeps the last good list active while the ConfigMap is deleted', async () => {
      const reads = async () =>
        (await worker.metrics()).sum('list_reads_total', { result: 'InvalidTargetList' });
      const soFar = await reads();
      const before = await versionsAtRest();
      await stage.core.deleteNamespacedConfigMap(place());
      await waitFor('the absence to be told', async () => (await reads()) > soFar);
      const { 'ConfigMap targets': _gone, ...rest } = before;
      expect(await versionsAtRest()).toEqual(rest);
      await write({ 'some.yaml': listOf('a', 'b'), 'more.yaml': listOf('c', 'd', 'e', 'f') });
      await within(1_000, 'the list that is back', () => publishes('a', 'b', 'c', 'd', 'e', 'f'));
    });
  });
});
