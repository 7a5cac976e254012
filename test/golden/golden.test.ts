import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GoldenCase } from '../support/golden-case.ts';
import { GoldenInMemory } from '../support/golden-in-memory.ts';

/**
 * What a list makes of a cluster, case by case: `targets.yaml` and `world.yaml` in, `expected/` out. The plan, what
 * became of it through all rounds with the controllers of a cluster running, and the objects at the end.
 *
 * UPDATE_GOLDEN=1 rewrites what is expected; then read the difference.
 */
const CASES = readdirSync(import.meta.dirname).filter((name) =>
  existsSync(join(import.meta.dirname, name, 'world.yaml')),
);

describe.each(CASES)('%s', (name) => {
  it('comes out as expected, and a second pass writes nothing', async () => {
    const golden = new GoldenCase(join(import.meta.dirname, name));
    const place = new GoldenInMemory(golden.world.serviceCidrs, golden.world.tellsServiceCidrs);
    const { files, writtenAgain, isFailing } = await golden.play(place);
    place.stop();
    expect(files).toEqual(golden.expected(files));
    if (!isFailing) expect(writtenAgain).toEqual([]);
  });
});

it('covers many cases', () => {
  expect(CASES.length).toBeGreaterThan(25);
});
