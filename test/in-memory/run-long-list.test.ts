import { expect, it } from 'vitest';
import type { KubeObject, ServiceObject } from '../../src/manifest/kube-object.ts';
import { CliWorld } from '../support/cli-world.ts';
import { LiveWorker } from '../support/live-worker.ts';

function listOf(names: readonly string[], port: number): string {
  const targets = names.map(
    (name) =>
      `  - { name: ${name}, ports: [{ port: ${port} }], endpoints: [{ address: 10.0.0.1 }], healthCheck: { type: none } }\n`,
  );
  return `apiVersion: external-endpoints/v1\nkind: TargetList\nmetadata: { name: long }\nguards: { maxDeletes: 100% }\ntargets:\n${targets.join('')}`;
}

const never = new AbortController().signal;

it('run yields to the event loop while it decides 300 targets, and applies an edit that arrives meanwhile', async () => {
  const world = new CliWorld();
  const { clock } = world;
  // Each read of the clock shows that the work so far has taken time.
  const [now, sleep] = [clock.monotonicNow.bind(clock), clock.sleep.bind(clock)];
  let workedMs = 0;
  let rests = 0;
  let atFirstRest = () => undefined as unknown;
  clock.monotonicNow = () => {
    workedMs += 0.1;
    return now() + workedMs;
  };
  clock.sleep = (durationMs, signal) => {
    if (durationMs === 0) {
      rests += 1;
      if (rests === 1) atFirstRest();
    }
    return sleep(durationMs, signal);
  };
  const names = Array.from({ length: 300 }, (_, at) => `db-${at}`);
  const worker = LiveWorker.start(listOf(names, 80), [], world);
  // In the middle of the first decision half of it leaves the list, and the other half changes.
  atFirstRest = () => worker.edit(listOf(names.slice(0, 150), 81));
  await clock.advance(60_000);
  expect(rests).toBeGreaterThan(3);
  const listed = await world.cluster.newClient().store.list('Service', {}, never);
  const ours = (listed.ok ? (listed.value.items as (KubeObject & ServiceObject)[]) : []).filter(
    ({ metadata }) => metadata.name.startsWith('db-'),
  );
  expect(ours.map(({ metadata }) => metadata.name).toSorted()).toEqual(names.slice(0, 150).toSorted());
  expect(new Set(ours.map(({ spec }) => spec.ports?.[0]?.port))).toEqual(new Set([81]));
  expect((await worker.metrics()).sum('workqueue_depth')).toBe(0);
  expect(worker.reasons('error')).toEqual([]);
  expect(await worker.end()).toBe(0);
});
