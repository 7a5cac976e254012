import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { GoldenReal } from '../support/golden-real.ts';
import { acceptedList, NASTY_WORLD, nastyList } from '../support/nasty-lists.ts';
import { onePass } from '../support/one-pass.ts';

/** As `test/property/preflight.test.ts`, with a real API server's word on every object. */
const LISTS = 150;

describe.each([
  { name: 'one family', serviceCidrs: ['10.96.0.0/16'] },
  { name: 'both families', serviceCidrs: ['10.96.0.0/16', 'fd00:10:96::/112'] },
])('the preflight check on a cluster with $name', ({ serviceCidrs }) => {
  let cluster: TestCluster;
  let place: GoldenReal;
  beforeAll(async () => {
    cluster = await startCluster({ controllers: false, serviceCidrs });
    place = await GoldenReal.start(cluster);
  }, 120_000);
  afterAll(async () => {
    await place?.stop();
    await cluster?.stop();
  }, 120_000);

  it('accepts only objects that the API server accepts without a warning', async () => {
    const { clock, namespace, store } = place;
    const texts = fc.sample(nastyList, { numRuns: LISTS * 20, seed: 4 });
    const lists = texts.flatMap((text) => acceptedList(text, namespace) ?? []).slice(0, LISTS);
    expect(lists).toHaveLength(LISTS);
    const refused: unknown[] = [];
    for (const list of lists) {
      const { report } = await onePass({ list, store, clock, world: NASTY_WORLD, writes: 'dryRun' });
      for (const { phase, message, warnings = [] } of report.targets) {
        if (phase === 'Failed' || warnings.length > 0)
          refused.push({ phase, message, warnings, list: JSON.stringify(list.targets[0]?.service) });
      }
    }
    expect(refused).toEqual([]);
  }, 240_000);
});
