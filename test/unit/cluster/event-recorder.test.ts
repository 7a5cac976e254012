import { describe, expect, it } from 'vitest';
import type { EventObject, Happening } from '../../../src/cluster/event-object.ts';
import { type EventOutcome, EventRecorder } from '../../../src/cluster/event-recorder.ts';
import { fencedStore } from '../../../src/cluster/fenced-store.ts';
import { InMemoryCluster } from '../../support/in-memory-cluster.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const never = new AbortController().signal;

function happening(name: string, note = 'something', reason = 'Drained'): Happening {
  const subject = { apiVersion: 'v1', kind: 'Service', namespace: 'default', name, uid: `uid-of-${name}` };
  return { subject, type: 'Warning', reason, action: 'Sync', note };
}

function start({ leading = true } = {}) {
  let isLeader = leading;
  const clock = new ManualClock();
  const cluster = new InMemoryCluster(clock);
  const client = cluster.newClient();
  const outcomes: (string | undefined)[] = [];
  const recorder = new EventRecorder(
    { store: fencedStore(client.store, () => isLeader), clock, random: seededRandom(1) },
    {
      identity: 'external-endpoints-0_1',
      onOutcome: (outcome: EventOutcome) =>
        outcomes.push(typeof outcome === 'string' ? outcome : outcome.reason),
    },
  );
  const stop = new AbortController();
  const done = recorder.run(stop.signal);
  done.catch(() => undefined);
  return {
    clock,
    client,
    recorder,
    outcomes,
    lead: (leads: boolean) => {
      isLeader = leads;
    },
    async events(): Promise<readonly EventObject[]> {
      const listed = await cluster.newClient().store.list('Event', { namespace: 'default' }, never);
      if (!listed.ok) throw new Error(listed.failure.message);
      return listed.value.items as EventObject[];
    },
    async stop() {
      const reason = new Error('stop');
      stop.abort(reason);
      await expect(done).rejects.toBe(reason);
      expect(clock.sleeping).toBe(0);
    },
  };
}

describe('EventRecorder', () => {
  it('writes an Event with its subject', async () => {
    const run = start();
    run.recorder.record(happening('web', 'all addresses are down'));
    await run.clock.advance(0);
    expect(await run.events()).toMatchObject([
      {
        metadata: { name: expect.stringMatching(/^web\.[0-9a-f]+$/) },
        regarding: { kind: 'Service', name: 'web', uid: 'uid-of-web' },
        reason: 'Drained',
        note: 'all addresses are down',
        type: 'Warning',
        reportingController: 'external-endpoints',
        reportingInstance: 'external-endpoints-0_1',
        eventTime: expect.stringMatching(/\.\d{6}Z$/),
      },
    ]);
    expect(run.outcomes).toEqual(['written']);
    await run.stop();
  });

  it('counts repeated happenings, with one write a minute', async () => {
    const run = start();
    for (let second = 0; second < 119; second++) {
      run.recorder.record(happening('web'));
      await run.clock.advance(1_000);
    }
    expect(run.client.requests).toHaveLength(2);
    await run.clock.advance(60_000);
    expect(run.client.requests).toHaveLength(3);
    expect(await run.events()).toMatchObject([{ series: { count: 119 } }]);
    await run.clock.advance(3_600_000);
    expect(run.client.requests).toHaveLength(3);
    await run.stop();
  });

  it('creates another Event for another note, a minute after the last write or later', async () => {
    const run = start();
    for (const note of ['first', 'second', 'third', 'third']) run.recorder.record(happening('web', note));
    await run.clock.advance(0);
    run.recorder.record(happening('web', 'fourth'));
    await run.clock.advance(59_000);
    expect(await run.events()).toMatchObject([{ note: 'third', series: { count: 4 } }]);
    await run.clock.advance(1_000);
    expect((await run.events()).map(({ note, series }) => [note, series?.count])).toEqual([
      ['third', 4],
      ['fourth', undefined],
    ]);
    await run.stop();
  });

  it('starts a new Event after a pause, and after the API server has deleted the old one', async () => {
    const run = start();
    run.recorder.record(happening('web'));
    await run.clock.advance(600_000);
    run.recorder.record(happening('web'));
    await run.clock.advance(1_000);
    const [first, second] = await run.events();
    expect(first?.series ?? second?.series).toBeUndefined();
    run.recorder.record(happening('web'));
    for (const { metadata } of await run.events()) {
      const { name, uid = '', resourceVersion = '' } = metadata;
      const options = { dryRun: false, uid, resourceVersion };
      await run.client.store.delete({ kind: 'Event', namespace: 'default', name }, options, never);
    }
    await run.clock.advance(200_000);
    expect(await run.events()).toMatchObject([{ series: { count: 2 } }]);
    await run.stop();
  });

  it('limits its rate and its number of series, and reports dropped happenings', async () => {
    const run = start();
    for (let at = 0; at < 1_500; at++) run.recorder.record(happening(`web-${at}`));
    expect(run.outcomes.filter((outcome) => outcome === 'dropped')).toHaveLength(500);
    await run.clock.advance(0);
    expect(run.client.requests).toHaveLength(50);
    await run.clock.advance(60_000);
    expect(run.client.requests).toHaveLength(50 + 120);
    await run.clock.advance(3_600_000);
    expect(await run.events()).toHaveLength(1_000);
    // Written series make room.
    run.recorder.record(happening('another'));
    await run.clock.advance(0);
    expect(await run.events()).toHaveLength(1_001);
    await run.stop();
  });

  it('writes one Event if the answer to the first try was lost', async () => {
    const run = start();
    run.client.fault = () => 'answerLost';
    run.recorder.record(happening('web'));
    await run.clock.advance(10_000);
    run.client.fault = () => undefined;
    await run.clock.advance(60_000);
    expect(await run.events()).toHaveLength(1);
    expect(run.outcomes).toEqual(['written']);
    await run.stop();
  });

  it('gives up at once after a permanent failure, and after three other failures', async () => {
    const run = start();
    run.client.fault = () => 'forbidden';
    run.recorder.record(happening('web'));
    await run.clock.advance(0);
    expect(run.outcomes).toEqual(['Forbidden']);
    run.client.fault = () => 'refused';
    run.recorder.record(happening('web'));
    await run.clock.advance(3_600_000);
    expect(run.outcomes).toEqual(['Forbidden', 'Unreachable']);
    run.client.fault = () => undefined;
    run.recorder.record(happening('web'));
    await run.clock.advance(0);
    expect(run.outcomes).toEqual(['Forbidden', 'Unreachable', 'written']);
    await run.stop();
  });

  it('waits until this replica leads, and drops the Event if it does not become leader', async () => {
    const run = start({ leading: false });
    run.recorder.record(happening('web'));
    await run.clock.advance(10_000);
    expect([run.outcomes, run.client.requests]).toEqual([[], []]);
    run.lead(true);
    await run.clock.advance(1_000);
    expect(run.outcomes).toEqual(['written']);
    run.lead(false);
    run.recorder.record(happening('db'));
    await run.clock.advance(60_000);
    run.lead(true);
    await run.clock.advance(60_000);
    expect(run.outcomes).toEqual(['written', 'dropped']);
    expect(await run.events()).toHaveLength(1);
    await run.stop();
  });

  it('cuts texts that are too long for an Event', async () => {
    const run = start();
    run.recorder.record({ ...happening(`${'n'.repeat(198)}.-${'m'.repeat(50)}`), note: 'ä'.repeat(2_000) });
    await run.clock.advance(0);
    expect(run.outcomes).toEqual(['written']);
    const [event] = await run.events();
    expect(Buffer.byteLength(event?.note ?? '')).toBeLessThanOrEqual(1_024);
    expect(event?.note).toMatch(/^ä+…$/);
    await run.stop();
  });
});
