import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { CliWorld } from '../support/cli-world.ts';
import { LiveWorker } from '../support/live-worker.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { type WorkerWeight, weigh } from '../support/worker-weight.ts';

const EDITS = process.env.E2E_FULL === '1' ? 10_000 : 600;

/** Some of a few targets, each with some addresses and perhaps a name, as chance will have it. */
function someList(chance: (exclusiveMax: number) => number): string {
  const targets = Array.from({ length: 8 }, (_, at) => {
    const addresses = Array.from({ length: 1 + chance(3) }, () => `{ address: 10.0.0.${1 + chance(9)} }`);
    const sources = [...new Set(addresses), ...(chance(2) === 0 ? ['{ host: db.example.test }'] : [])];
    return `  - { name: db-${at}, ports: [{ port: ${5_000 + chance(3)} }], endpoints: [${sources.join(', ')}] }`;
  }).filter(() => chance(4) > 0);
  const head =
    'apiVersion: external-endpoints/v1\nkind: TargetList\ndefaults: { dns: { servers: ["10.0.0.53"] } }\n';
  return `${head}targets:\n  - { name: always, ports: [{ port: 80 }], endpoints: [{ address: 10.1.1.1 }] }\n${targets.join('\n')}\n`;
}

/** Edits, broken watches, an API server that is away or has forgotten, and time that passes. */
async function live(worker: LiveWorker, edits: number, chance: (exclusiveMax: number) => number) {
  const { clock, client, cluster, dns } = worker.world;
  for (let at = 0; at < edits; at++) {
    worker.edit(someList(chance));
    if (chance(5) === 0) client.cut();
    if (chance(50) === 0) cluster.server.store.compact();
    const isAway = chance(10) === 0;
    client.fault = () => (isAway ? 'refused' : undefined);
    await clock.advance(500 + chance(5_000));
    // What the test's own world remembers is no leak of the worker's.
    client.requests.length = 0;
    dns.network.queries.length = 0;
  }
  client.fault = () => undefined;
  worker.edit(someList(() => 1));
  await clock.advance(900_000);
}

describe('run with many edits', () => {
  it(`has the same heap and handles after ${EDITS} edits of its list and faults of the API server as after a quarter of them`, async () => {
    const world = new CliWorld();
    const prober = async () => ({ healthy: true, reason: 'Connected', message: '', latencyMs: 1 }) as const;
    Object.assign(world.context, { prober });
    const worker = LiveWorker.start(
      someList(() => 1),
      ['--allow-mass-delete'],
      world,
    );
    const { clock, cluster } = world;
    const { interruption } = worker;
    world.dns.zone.set('db.example.test', []);
    const random = seededRandom(1);
    const weights: WorkerWeight[] = [];
    await clock.advance(1_000);
    // The first round compiles what runs, and fills what is bounded.
    for (let round = 0; round < 4; round++) {
      await live(worker, EDITS / 4, (exclusiveMax) => random.integer(exclusiveMax));
      weights.push(await weigh(worker));
    }
    const [first, ...rest] = weights;
    const heaps = weights.map(({ heapMiB }) => heapMiB.toFixed(1)).join(', ');
    console.log(`${EDITS} edits: heap ${heaps} MiB, ${JSON.stringify(rest.at(-1)?.handles)}`);
    for (const { heapMiB, handles } of rest) {
      expect(handles).toEqual(first?.handles);
      expect(heapMiB).toBeLessThan((first?.heapMiB ?? 0) + 5);
    }
    expect(worker.reasons('error')).toEqual([]);

    expect(await worker.end()).toBe(0);
    expect(clock.sleeping).toBe(0);
    expect(cluster.server.watches.count).toBe(0);
    expect(getEventListeners(interruption.signal, 'abort')).toHaveLength(0);
  }, 900_000);
});
