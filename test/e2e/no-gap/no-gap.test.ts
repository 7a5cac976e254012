import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/manifest/kube-object.ts';
import { Killed, mortalStore } from '../../support/mortal-store.ts';
import { gapsIn, lastRevision } from '../../support/ready-history.ts';
import { FLOWS, type Flow } from './flows.ts';
import { handKeptEndpoints, handKeptService, handKeptSlice, PG } from './hand-kept.ts';
import { Stage } from './stage.ts';

/**
 * Traffic never meets a gap: not while a flow runs, nor when its process is killed after any of its writes and
 * another one goes on. What a kube-proxy would use is reconstructed event by event from what the API server tells
 * its watchers.
 */

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.start();
});
afterAll(() => stage?.stop());

describe('the no-gap test', () => {
  it('finds the gap of an adoption that stops mirroring first', async ({ skip }) => {
    if (!stage.cluster.hasControllers) skip('no kube-controller-manager');
    const name = 'harness-gap';
    const kubectl = stage.as('kubectl-create');
    await kubectl.create(handKeptService(stage, name, { ports: [PG] }));
    const kept = handKeptEndpoints(stage, name, ['10.1.0.1']);
    await kubectl.create(kept);
    await stage.mirrored(name, 1);
    const from = lastRevision(await stage.history.of(name));
    await kubectl.merge(kept, {
      metadata: { labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    });
    await stage.mirrored(name, 0);
    await kubectl.create(handKeptSlice(stage, name, ['10.1.0.1'], 'somebody'));
    const gaps = gapsIn(await stage.history.of(name), { always: ['10.1.0.1'], from });
    expect(gaps).toEqual([
      expect.stringMatching(/after deleted EndpointSlice .*: port "pg" has lost 10\.1\.0\.1/),
    ]);
  });

  it('finds two slices that disagree', async () => {
    const name = 'harness-contradiction';
    const somebody = stage.as('somebody');
    await somebody.create(handKeptService(stage, name, { ports: [PG] }));
    const kept = handKeptSlice(stage, name, ['10.1.0.1'], 'somebody');
    await somebody.create(kept);
    const from = lastRevision(await stage.history.of(name));
    const endpoints = [{ addresses: ['10.1.0.1'], conditions: { ready: false } }];
    await somebody.create({
      ...kept,
      endpoints,
      metadata: { ...kept.metadata, name: `${name}-2` },
    } as KubeObject);
    const gaps = gapsIn(await stage.history.of(name), { always: ['10.1.0.1'], from });
    expect(gaps[0]).toMatch(/slices disagree about pg 10\.1\.0\.1:5432/);
  });
});

/** Runs the flow on a Service of its own, killed after so many writes (if it comes to so many) and taken up again. */
async function play(flow: Flow, service: string, killAfterWrites: number) {
  await flow.prepare(stage, service);
  const from = lastRevision(await stage.history.of(service));
  const wasKilled = await flow.run(stage, service, mortalStore(stage.store, killAfterWrites)).then(
    () => false,
    (error: unknown) => {
      if (error instanceof Killed) return true;
      throw error;
    },
  );
  const end = await flow.run(stage, service, stage.store);
  const again = mortalStore(stage.store);
  await flow.run(stage, service, again);
  const gaps = gapsIn(await stage.history.of(service), { always: flow.always, from });
  const objects = await stage.objectsOf(service);
  return { wasKilled, result: { gaps, end: flow.ends.test(end) ? '' : end, again: again.writes, objects } };
}

const NOT_AT_ALL = Number.POSITIVE_INFINITY;

describe.each(FLOWS.map((flow, at) => ({ name: flow.name, flow, at })))('$name', ({ flow, at }) => {
  it('has no gap in traffic, also when it is killed after any write', async ({ skip }) => {
    if (flow.needsControllers && !stage.cluster.hasControllers) skip('no kube-controller-manager');
    if (flow.needsDualStack && stage.cluster.kind === 'existing')
      skip('the cluster may have one family only');
    const undisturbed = await play(flow, `flow${at}`, NOT_AT_ALL);
    expect(undisturbed.result).toMatchObject({ gaps: [], end: '', again: [] });
    for (let writes = 1; ; writes++) {
      const { wasKilled, result } = await play(flow, `flow${at}-killed${writes}`, writes);
      expect({ writes, ...result }).toEqual({ writes, ...undisturbed.result });
      if (!wasKilled) break;
    }
  });
});
