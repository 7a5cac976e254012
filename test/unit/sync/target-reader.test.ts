import { describe, expect, it } from 'vitest';
import type { KubeRequest } from '../../../src/io/kube-retry.ts';
import type { Log } from '../../../src/model/log.ts';
import { TargetReader } from '../../../src/sync/target-reader.ts';
import { TargetRegistry } from '../../../src/sync/target-registry.ts';
import { type ClientFault, InMemoryCluster } from '../../support/in-memory-cluster.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { listOf } from '../../support/targets.ts';

const never = new AbortController().signal;

/** A reader of `count` targets, each in a namespace of its own: `one`, `two`, …. */
function readerOf(namespaces: readonly string[], fault: (request: KubeRequest) => ClientFault | undefined) {
  const clock = new ManualClock();
  const client = new InMemoryCluster(clock).newClient();
  client.fault = fault;
  const book = new TargetRegistry();
  const target = (namespace: string) =>
    `  - { name: db, namespace: ${namespace}, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }] }`;
  const entries = book.replaceTargets(listOf(namespaces.map(target).join('\n')).targets, 0);
  for (const entry of entries) entry.add(0);
  const warnings: string[] = [];
  const log: Log = { info: () => undefined, warn: (reason) => warnings.push(reason), error: () => undefined };
  const read: string[] = [];
  const unreadable: string[] = [];
  const reader = new TargetReader({ store: client.store, clock, random: seededRandom(1), log }, book, {
    instance: 'default',
    retries: true,
    readsScopeFirst: false,
    onRead: (some) => read.push(...some.map(({ namespace }) => namespace)),
    onUnreadable: ({ namespace }, { reason }) => unreadable.push(`${namespace} ${reason}`),
    onCrash: (error) => {
      throw error;
    },
  });
  return { reader, entries, clock, warnings, read, unreadable };
}

/** Few are read one by one, many by listing. */
const FEW = ['one', 'two'];
const MANY = ['one', 'two', 'three', 'four', 'five', 'six'];

const inFirst = ({ path }: KubeRequest) => path.includes('/namespaces/one/');

describe.each([
  ['few', FEW],
  ['many', MANY],
])('a namespace that may not be read, among %s', (_, namespaces) => {
  it("is that target's trouble, and the others are read", async () => {
    const { reader, entries, clock, warnings, unreadable } = readerOf(namespaces, (request) =>
      inFirst(request) ? 'forbidden' : undefined,
    );
    reader.start(entries, false, never);
    await clock.advanceUntil(reader.idle());
    expect(unreadable).toEqual(['one Forbidden']);
    const known = entries.filter(({ existing }) => existing !== undefined);
    expect(known.map(({ namespace }) => namespace)).toEqual(namespaces.slice(1));
    expect(entries[0]?.backOff.failures).toBe(1);
    expect(reader.isServerReachable).toBe(true);
    expect(warnings).toEqual([]);
  });
});

describe('a few targets', () => {
  it('do not wait for one whose answer does not come', async () => {
    const { reader, entries, read } = readerOf(FEW, (request) => (inFirst(request) ? 'hangs' : undefined));
    const time = new AbortController();
    reader.start(entries, false, time.signal);
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(read).toEqual(['two']);
    expect(entries.map(({ isBusy }) => isBusy)).toEqual([true, false]);
    time.abort(new Error('long enough'));
    await reader.idle();
  });

  it('count a server that is away once, not once each', async () => {
    const { reader, entries, clock, warnings } = readerOf(FEW, () => 'refused');
    reader.start(entries, false, never);
    await clock.advanceUntil(reader.idle());
    expect(reader.isServerReachable).toBe(false);
    expect(warnings).toEqual(['Unreachable']);
    expect(reader.readyAtMs - clock.monotonicNow()).toBeLessThan(1_000);
    expect(entries.every(({ isBusy, existing }) => !isBusy && existing === undefined)).toBe(true);
  });

  it('send one ahead to a server that was away, and follow when it answers', async () => {
    const away: { now: boolean } = { now: true };
    const { reader, entries, clock, read } = readerOf(FEW, () => (away.now ? 'refused' : undefined));
    reader.start(entries, false, never);
    await clock.advanceUntil(reader.idle());
    away.now = false;
    read.length = 0;
    reader.start(entries, false, never);
    expect(entries.map(({ isBusy }) => isBusy)).toEqual([true, false]);
    expect(reader.readyAtMs).toBe(Number.POSITIVE_INFINITY);
    await clock.advanceUntil(reader.idle());
    expect([reader.isServerReachable, reader.readyAtMs <= clock.monotonicNow()]).toEqual([true, true]);
    reader.start(entries.slice(1), false, never);
    await clock.advanceUntil(reader.idle());
    expect(read).toEqual(['one', 'two']);
    expect(entries.every(({ existing }) => existing !== undefined)).toBe(true);
  });

  it('wait for the one sent ahead, and not for one that was sent before it', async () => {
    let fault: ClientFault = 'hangs';
    const { reader, entries, clock } = readerOf(FEW, () => fault);
    const [early, ahead] = [new AbortController(), new AbortController()];
    const [one, two] = [entries.slice(0, 1), entries.slice(1)];
    reader.start(one, false, early.signal);
    fault = 'refused';
    reader.start(two, false, never);
    await clock.advance(10_000);
    expect(reader.isServerReachable).toBe(false);
    fault = 'hangs';
    reader.start(two, false, ahead.signal);
    early.abort(new Error('long enough'));
    for (let turn = 0; turn < 5; turn++) await settle();
    expect(one.map(({ isBusy }) => isBusy)).toEqual([false]);
    expect(reader.readyAtMs).toBe(Number.POSITIVE_INFINITY);
    ahead.abort(new Error('long enough'));
    await reader.idle();
    expect(reader.readyAtMs).toBeLessThan(Number.POSITIVE_INFINITY);
  });
});
