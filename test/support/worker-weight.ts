import { getEventListeners } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { LiveWorker } from './live-worker.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** The heap counts as collected when collecting once more frees less. */
const FREED_BYTES = 64 * 1024;
const MAX_ROUNDS = 30;

const never = new AbortController().signal;

/** What a worker holds while nothing happens: the heap of this process, and everything that could leak one by one. */
export interface WorkerWeight {
  readonly heapMiB: number;
  readonly handles: Readonly<Record<'sleeping' | 'watches' | 'listeners' | 'resources', number>>;
}

/** Weighs the worker, without what its world has recorded for the test. */
export async function weigh({ interruption, world, log }: LiveWorker): Promise<WorkerWeight> {
  const { client, cluster, clock, dns, network } = world;
  // A real API server forgets Events after an hour, and old changes after some minutes.
  const events = await client.store.list('Event', { namespace: 'default' }, never);
  for (const { metadata } of events.ok ? events.value.items : []) {
    const { name, uid = '', resourceVersion = '' } = metadata;
    const options = { dryRun: false, uid, resourceVersion };
    await client.store.delete({ kind: 'Event', namespace: 'default', name }, options, never);
  }
  cluster.server.store.compact();
  for (const recorded of [log, client.requests, dns.network.queries, network.dials]) recorded.length = 0;
  return {
    heapMiB: (await collectedHeapBytes()) / 1024 / 1024,
    handles: {
      sleeping: clock.sleeping,
      watches: cluster.server.watches.count,
      listeners: getEventListeners(interruption.signal, 'abort').length,
      resources: process.getActiveResourcesInfo().length,
    },
  };
}

/** Collects until nothing more is freed: what weak references held goes in a later turn than what held them. */
async function collectedHeapBytes(): Promise<number> {
  let heapBytes = Number.POSITIVE_INFINITY;
  for (let round = 0, unchanged = 0; unchanged < 3; round += 1) {
    if (round === MAX_ROUNDS) throw new Error(`the heap still shrinks after ${MAX_ROUNDS} collections`);
    await nextTurn();
    collectGarbage();
    const now = process.memoryUsage().heapUsed;
    unchanged = heapBytes - now < FREED_BYTES ? unchanged + 1 : 0;
    heapBytes = Math.min(heapBytes, now);
  }
  return heapBytes;
}
