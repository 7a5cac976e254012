import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GOLDEN_FOLDER, GoldenCase, goldenCases } from '../support/golden-case.ts';
import { GoldenInMemory } from '../support/golden-in-memory.ts';

/**
 * What a list does to a cluster, case by case: `targets.yaml` and `world.yaml` in, `expected/` out. The plan, its
 * result through all rounds with the controllers of a cluster running, and the objects at the end.
 *
 * UPDATE_GOLDEN=1 rewrites what is expected; then read the difference.
 */
describe.each(goldenCases())('golden case %s', (name) => {
  const golden = new GoldenCase(join(GOLDEN_FOLDER, name));

  it('has the files of a case, and no others', () => {
    const { found, needed } = golden.files;
    expect(found).toEqual(needed);
  });

  it('gives the expected plan, result and objects, and a second pass writes nothing', async () => {
    const place = new GoldenInMemory(golden.world.serviceCidrs, golden.world.tellsServiceCidrs);
    const { files, writtenAgain, isFailing } = await golden.play(place);
    place.stop();
    expect(files).toEqual(golden.expected(files));
    if (!isFailing) expect(writtenAgain).toEqual([]);
  });
});
