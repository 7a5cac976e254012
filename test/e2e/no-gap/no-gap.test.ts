import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Killed, mortalStore } from '../../support/mortal-store.ts';
import { gapsIn, lastRevision } from '../../support/ready-history.ts';
import { FLOWS, type Flow } from './flows.ts';
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

/** Runs the flow on a Service of its own, killed after so many writes and taken up again. */
async function play(flow: Flow, service: string, killAfterWrites?: number) {
  await flow.prepare(stage, service);
  const from = lastRevision(await stage.history.of(service));
  if (killAfterWrites !== undefined) {
    const killed = flow.run(stage, service, mortalStore(stage.store, killAfterWrites));
    await expect(killed).rejects.toThrow(Killed);
  }
  const store = mortalStore(stage.store);
  expect(await flow.run(stage, service, store)).toBe(flow.ends);
  const gaps = gapsIn(await stage.history.of(service), { always: flow.always, from });
  return { gaps, writes: store.writes, objects: await stage.objectsOf(service) };
}

describe.each(FLOWS.map((flow, at) => ({ name: flow.name, flow, at })))('$name', ({ flow, at }) => {
  it('shows no gap, also when it is killed after any write', async ({ skip }) => {
    if (flow.needsControllers && !stage.cluster.hasControllers) skip('no kube-controller-manager');
    const undisturbed = await play(flow, `flow${at}`);
    expect(undisturbed.gaps).toEqual([]);
    for (let writes = 1; writes <= undisturbed.writes.length; writes++) {
      const killed = await play(flow, `flow${at}-killed${writes}`, writes);
      expect({ writes, gaps: killed.gaps }).toEqual({ writes, gaps: [] });
      expect({ writes, objects: killed.objects }).toEqual({ writes, objects: undisturbed.objects });
    }
  });
});
