import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HeapPeers, measureHeapGrowth, startHeapPeers } from '../support/heap-growth.ts';

/** A leak of one object a piece shows 4.5 MB and more; beside other work a collection varies by up to 2 MB. */
const MOST_BYTES = 3_000_000;

describe('the heap of a process does not grow on the real clock, sockets and DNS', () => {
  let peers: HeapPeers & AsyncDisposable;
  beforeAll(async () => {
    peers = await startHeapPeers();
  });
  afterAll(() => peers[Symbol.asyncDispose]());

  it.each(['sleeps', 'queries', 'probes', 'requests'])(
    'by %s of each kind on a signal that lives on',
    async (group) => {
      const growths = await measureHeapGrowth(group, peers);
      for (const { what, count, grownBytes, elapsedMs } of growths) {
        console.log(`${count} ${what}: ${(grownBytes / 1e6).toFixed(2)} MB in ${elapsedMs} ms`);
      }
      expect(growths.length).toBeGreaterThan(4);
      expect(growths.filter(({ grownBytes }) => grownBytes >= MOST_BYTES)).toEqual([]);
    },
    120_000,
  );
});
