import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { GOLDEN_FOLDER, GoldenCase, goldenCases } from '../support/golden-case.ts';
import { comparable, GoldenReal } from '../support/golden-real.ts';

/** The golden cases once more, on a real API server with its real controllers: what is expected is the same. */

const DUAL_STACK = ['10.96.0.0/16', 'fd00:10:96::/112'];

/** What a real control plane on this machine cannot be: one of another first family, or one that hides its ranges. */
const IMPOSSIBLE = new Set(['new-ipv6-cluster', 'service-cidrs-unknown']);

const played = goldenCases()
  .filter((name) => !IMPOSSIBLE.has(name))
  .map((name) => {
    const golden = new GoldenCase(join(GOLDEN_FOLDER, name));
    return { name, golden, families: golden.world.serviceCidrs?.length ?? 1 };
  });

it('the golden cases that no real cluster can play are golden cases', () => {
  expect(goldenCases()).toEqual(expect.arrayContaining([...IMPOSSIBLE]));
});

describe.each([
  { families: 1, serviceCidrs: DUAL_STACK.slice(0, 1) },
  { families: 2, serviceCidrs: DUAL_STACK },
])('golden cases on a real cluster with $families address families', ({ families, serviceCidrs }) => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({ serviceCidrs });
  }, 120_000);
  afterAll(() => cluster?.stop(), 120_000);

  it.concurrent.each(played.filter((each) => each.families === families))(
    'golden case $name gives the expected plan, result and objects, and a second pass writes nothing',
    async ({ golden }) => {
      const place = await GoldenReal.start(cluster);
      const { files, writtenAgain, isFailing } = await golden.play(place);
      await place.stop();
      expect(comparable(files, place.namespace)).toEqual(comparable(golden.expectedFiles, 'default'));
      if (!isFailing) expect(writtenAgain).toEqual([]);
    },
    120_000,
  );
});
