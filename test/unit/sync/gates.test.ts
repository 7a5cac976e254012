import { afterEach, describe, expect, it } from 'vitest';
import type { Policy } from '../../../src/sync/policy.ts';
import { address } from '../../support/dns-resolver.ts';
import { FollowBench } from '../../support/follow-bench.ts';
import type { Behaviour } from '../../support/scripted-network.ts';

const [NEVER, AT_ONCE] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const REFUSES: Behaviour = { does: 'fail', code: 'ECONNREFUSED' };
const SILENT: Behaviour = { does: 'swallow' };

/** A target with one address, whose first probe is its verdict. */
const target = (name: string, at: string) =>
  `  - { name: ${name}, ports: [{ port: 1 }], publish: { lastReady: drain }, endpoints: [{ address: ${at} }], healthCheck: { timeout: 20s, interval: 30s, healthyThreshold: 1, unhealthyThreshold: 1 } }`;
const [A, B] = [target('a', '10.0.0.1'), target('b', '10.0.0.2')];

let bench: FollowBench;
afterEach(() => bench.stop());

/** An earlier controller has published these targets as ready; this one has yet to start. */
async function afterPublishing(targets: string, policy: Partial<Policy> = {}): Promise<void> {
  const before = new FollowBench();
  before.start(targets);
  await before.clock.advance(5_000);
  await before.stop();
  bench = new FollowBench(policy, before);
}

/** Starts, and returns when: all times are counted from then. */
function start(targets: string): number {
  const startMs = bench.clock.monotonicNow();
  bench.start(targets);
  return startMs;
}

const gateOf = (name: string) => bench.record(name).gate;
const opensAtMs = (name: string) => bench.controller.reconciler.opensAtMs(bench.record(name));
const phaseOf = (name: string) => bench.record(name).report?.phase;

describe('the gate observed', () => {
  it('opens with the first verdicts of the target', async () => {
    bench = new FollowBench();
    bench.network.set('10.0.0.1:1', { does: 'accept', afterMs: 700 });
    start(A);
    await bench.clock.advance(690);
    expect([gateOf('a'), phaseOf('a')]).toEqual(['observed', undefined]);
    await bench.clock.advance(60);
    expect([gateOf('a'), phaseOf('a')]).toEqual([undefined, 'Published']);
  });

  it('opens after the initial grace, where a verdict takes longer', async () => {
    bench = new FollowBench({ initialGraceMs: 3_000, drainGraceMs: 1_500 });
    bench.network.set('10.0.0.1:1', SILENT);
    const startMs = start(A);
    await bench.clock.advance(2_999);
    expect([gateOf('a'), opensAtMs('a'), phaseOf('a')]).toEqual(['observed', startMs + 3_000, undefined]);
    await bench.clock.advance(2);
    expect([gateOf('a'), phaseOf('a')]).toEqual([undefined, 'NotReady']);
  });

  it('waits for each name and for the verdicts of its addresses', async () => {
    bench = new FollowBench({ initialGraceMs: 60_000 });
    bench.dns.zone.set('db.example.test', [address('10.0.0.1')]);
    bench.network.set('10.0.0.1:1', { does: 'accept', afterMs: 700 });
    start(
      '  - { name: db, ports: [{ port: 1 }], endpoints: [{ host: db.example.test }], healthCheck: { healthyThreshold: 1 } }',
    );
    await bench.clock.advance(600);
    expect([gateOf('db'), phaseOf('db')]).toEqual(['observed', undefined]);
    await bench.clock.advance(400);
    expect(await bench.served('db')).toEqual({ '10.0.0.1': true });
  });

  it('is no gate for a target that another target waits beside', async () => {
    bench = new FollowBench({ initialGraceMs: NEVER, drainGraceMs: NEVER });
    bench.network.set('10.0.0.1:1', SILENT);
    start(`${A}\n${B}`);
    await bench.clock.advance(100);
    expect([gateOf('a'), opensAtMs('a'), phaseOf('b')]).toEqual(['observed', NEVER, 'Published']);
  });
});

describe('the gate everythingObserved', () => {
  it('keeps a drain back until every target was observed', async () => {
    await afterPublishing(`${A}\n${B}`, { initialGraceMs: 10_000, drainGraceMs: 10_000 });
    bench.network.set('10.0.0.1:1', REFUSES);
    bench.network.set('10.0.0.2:1', { does: 'accept', afterMs: 2_000 });
    const startMs = start(`${A}\n${B}`);
    await bench.clock.advance(1_900);
    expect([gateOf('a'), opensAtMs('a')]).toEqual(['everythingObserved', startMs + 10_000]);
    expect(await bench.served('a')).toEqual({ '10.0.0.1': true });
    await bench.clock.advance(200);
    expect([gateOf('a'), opensAtMs('a')]).toEqual([undefined, AT_ONCE]);
    expect(await bench.served('a')).toEqual({ '10.0.0.1': false });
  });

  it('opens after the drain grace, counted from the first list', async () => {
    await afterPublishing(`${A}\n${B}`, { initialGraceMs: 10_000, drainGraceMs: 1_500 });
    bench.network.set('10.0.0.1:1', REFUSES);
    bench.network.set('10.0.0.2:1', SILENT);
    const startMs = start(`${A}\n${B}`);
    await bench.clock.advance(1_000);
    bench.setList(`${A}\n${B}\n${target('c', '10.0.0.3')}`);
    await bench.clock.advance(499);
    expect([gateOf('a'), opensAtMs('a'), gateOf('b')]).toEqual([
      'everythingObserved',
      startMs + 1_500,
      'observed',
    ]);
    await bench.clock.advance(20);
    expect(await bench.served('a')).toEqual({ '10.0.0.1': false });
    expect(gateOf('b')).toBe('observed');
  });

  it('waits for no target that cannot be read', async () => {
    await afterPublishing(A, { initialGraceMs: NEVER, drainGraceMs: NEVER });
    bench.network.set('10.0.0.1:1', REFUSES);
    bench.client.fault = ({ path }) => (path.includes('/namespaces/secret/') ? 'forbidden' : undefined);
    start(`${A}\n${target('b', '10.0.0.2').replace('name: b', 'name: b, namespace: secret')}`);
    await bench.clock.advance(1_000);
    expect(await bench.served('a')).toEqual({ '10.0.0.1': false });
  });

  it('is not closed again by a target that a later list adds', async () => {
    await afterPublishing(A, { initialGraceMs: 60_000, drainGraceMs: 60_000 });
    start(A);
    await bench.clock.advance(20_000);
    bench.network.set('10.0.0.1:1', REFUSES);
    bench.network.set('10.0.0.2:1', SILENT);
    bench.setList(`${A}\n${B}`);
    await bench.clock.advance(15_000);
    expect([gateOf('b'), await bench.served('a')]).toEqual(['observed', { '10.0.0.1': false }]);
  });
});

describe('the gate everythingRead', () => {
  const services = () =>
    bench.client.store.list('Service', { namespace: 'default' }, new AbortController().signal);
  const isThere = async (name: string) => {
    const listed = await services();
    return listed.ok && listed.value.items.some(({ metadata }) => metadata.name === name);
  };
  /** As the first list of the watch shows it. */
  const showA = () =>
    bench.show({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'a', namespace: 'default' } });

  it('keeps a removal back until every kind in scope was read, however long that takes', async () => {
    await afterPublishing(`${A}\n${B}`);
    bench.isScopeRead = false;
    start(B);
    await showA();
    await bench.clock.advance(600_000);
    expect([gateOf('a'), opensAtMs('a'), await isThere('a')]).toEqual(['everythingRead', NEVER, true]);
    bench.isScopeRead = true;
    bench.controller.onRelist('Service', {}, []);
    await bench.clock.advance(100);
    expect(await isThere('a')).toBe(false);
  });

  it('keeps a removal back until every part of the list was read', async () => {
    await afterPublishing(`${A}\n${B}`);
    start(B);
    bench.setList(B, false);
    await showA();
    await bench.clock.advance(600_000);
    expect([gateOf('a'), opensAtMs('a'), await isThere('a')]).toEqual(['everythingRead', NEVER, true]);
    bench.setList(B, true);
    await bench.clock.advance(100);
    expect(await isThere('a')).toBe(false);
  });

  it.each([
    ['keeps a removal back while a target was never read', 'hangs', true],
    ['waits for no target that cannot be read', 'forbidden', false],
  ] as const)('%s', async (_, fault, isKept) => {
    await afterPublishing(`${A}\n${B}`);
    bench.client.fault = ({ path }) => (path.includes('/namespaces/secret/') ? fault : undefined);
    start(`${B}\n${target('c', '10.0.0.3').replace('name: c', 'name: c, namespace: secret')}`);
    await showA();
    await bench.clock.advance(5_000);
    expect([await isThere('a'), gateOf('a')]).toEqual([isKept, isKept ? 'everythingRead' : undefined]);
  });

  it('keeps a removal back until every target was observed, or the drain grace is over', async () => {
    await afterPublishing(`${A}\n${B}`, { initialGraceMs: 10_000, drainGraceMs: 2_000 });
    bench.network.set('10.0.0.2:1', SILENT);
    const startMs = start(B);
    await showA();
    await bench.clock.advance(1_999);
    expect([gateOf('a'), opensAtMs('a'), await isThere('a')]).toEqual([
      'everythingRead',
      startMs + 2_000,
      true,
    ]);
    await bench.clock.advance(50);
    expect(await isThere('a')).toBe(false);
  });
});
